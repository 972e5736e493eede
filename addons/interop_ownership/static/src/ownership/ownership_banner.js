/* global luxon */
import {Component, onWillStart} from "@odoo/owl";

import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useService} from "@web/core/utils/hooks";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const {DateTime} = luxon;

/**
 * Shows above a form the fields for which other systems are the system of record, and the source
 * of their values: "Name, City: from EHR Mercy, 10:42".
 */
export class OwnershipBanner extends Component {
  static template = "interop_ownership.OwnershipBanner";
  static props = {...standardFieldProps};

  setup() {
    this.action = useService("action");
    onWillStart(async () => {
      this.isSteward = await user.hasGroup("interop_base.interop_base_group_steward");
    });
  }

  get notes() {
    return this.props.record.data[this.props.name] || [];
  }

  /** Join fields with the same owner, source and time into one line. */
  get lines() {
    const lines = new Map();
    for (const note of this.notes) {
      const when = this.formatMoment(note.at);
      const key = JSON.stringify([note.owner, note.source, when, note.locked]);
      if (!lines.has(key)) {
        lines.set(key, {...note, key, when, labels: []});
      }
      lines.get(key).labels.push(note.label);
    }
    return [...lines.values()];
  }

  get isLocked() {
    return this.notes.some((note) => note.locked);
  }

  sourceText(line) {
    if (!line.source) {
      return _t("%(owner)s is the system of record; nothing received yet", line);
    }
    if (line.own) {
      return _t("from %(source)s, %(when)s", line);
    }
    return _t("from %(source)s, %(when)s; system of record: %(owner)s", line);
  }

  formatMoment(at) {
    if (!at) {
      return "";
    }
    const moment = deserializeDateTime(at.slice(0, 19).replace("T", " "));
    const today = moment.hasSame(DateTime.local(), "day");
    return today
      ? moment.toLocaleString(DateTime.TIME_SIMPLE)
      : formatDateTime(moment, {showSeconds: false});
  }

  async onOverride() {
    const {record} = this.props;
    if (!(await record.save())) {
      return;
    }
    await this.action.doActionButton({
      type: "object",
      name: "action_interop_override",
      resModel: record.resModel,
      resId: record.resId,
      context: {},
      onClose: () => record.load(),
    });
  }
}

export const ownershipBanner = {
  component: OwnershipBanner,
  displayName: _t("Ownership banner"),
  supportedTypes: ["json"],
};

registry.category("fields").add("interop_ownership_banner", ownershipBanner);
