import {Component, markup, onMounted, useState} from "@odoo/owl";

import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/**
 * The button of a dry run: the server tries the message of the dialog and undoes it, and the
 * dialog shows what it did. Neither the message nor the result is saved. The message that the
 * dialog opens with is tried at once.
 */
export class DryRun extends Component {
  static template = "interop_mapping.DryRun";
  static props = {...standardWidgetProps};

  setup() {
    this.orm = useService("orm");
    this.state = useState({running: false});
    onMounted(() => this.run());
  }

  async run() {
    const {record} = this.props;
    this.state.running = true;
    try {
      await record.isDirty(); // Fields that are being edited write their value first
      const {body, company_id: company} = record.data;
      const result = await this.orm.call(record.resModel, "try_message", [
        [record.resId],
        body || "",
        company ? company.id : false,
      ]);
      const html = result.result_html;
      await record.update({...result, result_html: html && markup(html)});
    } finally {
      this.state.running = false;
    }
  }
}

registry.category("view_widgets").add("interop_dry_run", {component: DryRun});
