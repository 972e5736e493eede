import {Component, onWillStart} from "@odoo/owl";
import {View} from "@web/views/view";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";
import {user} from "@web/core/user";

const MODEL = "interop.identifier";

/**
 * The identifiers of the record of a form, or of the records in one of its fields.
 *
 * The widget reads the identifiers itself. The model of the form needs no field for them.
 */
export class IdentifiersPage extends Component {
  static template = "interop_identifier.IdentifiersPage";
  static components = {View};
  static props = {
    ...standardWidgetProps,
    model: {type: String, optional: true},
    records: {type: String, optional: true},
  };

  setup() {
    this.action = useService("action");
    onWillStart(async () => {
      this.mayCreate = await user.checkAccessRight(MODEL, "create");
    });
  }

  get resModel() {
    return this.props.model || this.props.record.resModel;
  }

  get resIds() {
    const {records, record} = this.props;
    return records ? record.data[records].currentIds : [record.resId];
  }

  get key() {
    return this.resIds.join(",");
  }

  get viewProps() {
    return {
      type: "list",
      // The list view must be that of identifiers, not that of the action of the form.
      views: [[false, "list"]],
      resModel: MODEL,
      domain: [
        ["res_model", "=", this.resModel],
        ["res_id", "in", this.resIds],
      ],
      context: {
        list_view_ref: "interop_identifier.interop_identifier_view_list_page",
        interop_several: this.resIds.length > 1,
      },
      display: {controlPanel: false},
      allowSelectors: false,
      loadIrFilters: false,
      noContentHelp: _t("This record has no identifiers yet."),
      selectRecord: (resId) => this.open(resId),
    };
  }

  /** Open an identifier, or the form of a new one. */
  open(resId) {
    return this.action.doAction({
      type: "ir.actions.act_window",
      name: _t("Identifier"),
      res_model: MODEL,
      res_id: resId || false,
      views: [[false, "form"]],
      context: resId ? {} : {default_record_ref: `${this.resModel},${this.resIds[0]}`},
    });
  }
}

registry.category("view_widgets").add("interop_identifiers", {
  component: IdentifiersPage,
  extractProps: ({attrs}) => ({model: attrs.model, records: attrs.records}),
});
