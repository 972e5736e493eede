import {Component, onWillDestroy, onWillStart, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

const POLL_MS = 700;

/** Waits for the result of a test message and shows it. */
export class InteropWebhookTest extends Component {
  static template = "interop_webhook.TestAction";
  static props = {...standardActionServiceProps};

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.state = useState({
      finished: false,
      success: false,
      text: "",
      message_id: false,
    });
    onWillStart(() => this.poll());
    onWillDestroy(() => {
      this.destroyed = true;
      browser.clearTimeout(this.timer);
    });
  }

  /** Poll the result until the test has finished. */
  async poll() {
    const {endpoint_id, reference} = this.props.action.params;
    const result = await this.orm.silent.call("interop.endpoint", "get_test_result", [
      [endpoint_id],
      reference,
    ]);
    if (this.destroyed) {
      return;
    }
    Object.assign(this.state, result);
    if (!result.finished) {
      this.timer = browser.setTimeout(() => this.poll(), POLL_MS);
    }
  }

  openMessage() {
    return this.action.doAction({
      type: "ir.actions.act_window",
      res_model: "interop.message",
      res_id: this.state.message_id,
      views: [[false, "form"]],
    });
  }
}

registry.category("actions").add("interop_webhook_test", InteropWebhookTest);
