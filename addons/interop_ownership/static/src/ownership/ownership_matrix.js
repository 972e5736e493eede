import {Component, onWillStart, useState} from "@odoo/owl";

import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";
import {Layout} from "@web/search/layout";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

/**
 * The ownership matrix of one facility: a row per field, a column per system. It calls the
 * server once per facility, highlights gaps and overlaps, and can be printed.
 */
export class OwnershipMatrix extends Component {
  static template = "interop_ownership.OwnershipMatrix";
  static components = {Layout};
  static props = {...standardActionServiceProps};

  setup() {
    this.orm = useService("orm");
    this.action = useService("action");
    this.state = useState({matrix: null, onlyFindings: false});
    onWillStart(async () => {
      this.isSteward = await user.hasGroup("interop_base.interop_base_group_steward");
      await this.load();
    });
  }

  async load(companyId = false) {
    this.state.matrix = await this.orm.call("interop.ownership", "matrix_data", [], {
      company_id: companyId,
    });
  }

  get matrix() {
    return this.state.matrix;
  }

  get objects() {
    if (!this.state.onlyFindings) {
      return this.matrix.objects;
    }
    return this.matrix.objects
      .map((object) => ({
        ...object,
        fields: object.fields.filter((field) => field.gap || field.overlap),
      }))
      .filter((object) => object.fields.length);
  }

  count(kind) {
    return this.matrix.objects.reduce((total, object) => total + object[kind], 0);
  }

  cell(field, system) {
    return field.cells[system.id] || {};
  }

  cellTitle(field, system) {
    const cell = this.cell(field, system);
    const said = [];
    if (cell.owner) {
      said.push(_t("%s is the system of record", system.name));
    }
    if (cell.writes) {
      said.push(_t("writes"));
    }
    if (cell.reads) {
      said.push(_t("receives"));
    }
    return said.join(", ");
  }

  cellClass(field, system) {
    const cell = this.cell(field, system);
    return field.overlap && cell.writes && !cell.owner ? "o_interop_cell_overlap" : "";
  }

  policyText(field) {
    return {
      reject: _t("values of others are rejected"),
      ignore: _t("values of others are ignored"),
      flag: _t("values of others are flagged"),
    }[field.policy];
  }

  onFacility(ev) {
    return this.load(Number(ev.target.value));
  }

  onPrint() {
    window.print();
  }

  /** Open the rule of a field, or a new rule for a gap. */
  async openRule(object, field) {
    if (!field.rule_id && !this.isSteward) {
      return;
    }
    const context = {};
    if (!field.rule_id) {
      Object.assign(context, await this.newRule(object, field));
    }
    return this.action.doAction({
      type: "ir.actions.act_window",
      res_model: "interop.ownership",
      res_id: field.rule_id || false,
      views: [[false, "form"]],
      context,
    });
  }

  async newRule(object, field) {
    const [line] = await this.orm.searchRead(
      "ir.model.fields",
      [
        ["model", "=", object.model],
        ["name", "=", field.name],
      ],
      ["model_id"]
    );
    return {
      default_name: field.label,
      default_model_id: line.model_id[0],
      default_field_ids: [line.id],
    };
  }
}

registry.category("actions").add("interop_ownership_matrix", OwnershipMatrix);
