import {Component, markup, onMounted, useState} from "@odoo/owl";

import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

/**
 * The button of a dry run. The server applies the message of the dialog and rolls it back. The
 * dialog shows the effect. Neither the message nor the result is saved. The dialog tries its
 * first message when it opens.
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
      await record.isDirty(); // Save the value of a field that is being edited
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
