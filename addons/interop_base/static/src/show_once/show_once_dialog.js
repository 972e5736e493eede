import {Component} from "@odoo/owl";

import {CopyButton} from "@web/core/copy_button/copy_button";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/**
 * Show a text once: a new secret, or the content of a message. The text exists only in the
 * properties of this dialog, until the dialog is closed.
 */
export class ShowOnceDialog extends Component {
  static template = "interop_base.ShowOnceDialog";
  static components = {CopyButton, Dialog};
  static props = {
    close: Function,
    title: {type: String, optional: true},
    value: String,
    note: {type: String, optional: true},
  };

  get rows() {
    const lines = this.props.value.split("\n").length;
    return Math.min(Math.max(lines, 2), 24);
  }

  get copyText() {
    return _t("Copy");
  }

  get copiedText() {
    return _t("Copied");
  }

  onFocus(ev) {
    ev.target.select();
  }
}

/**
 * Client action `interop_show_once`. It is a function and not a component, so that the action
 * service does not store it as the current action. Therefore the value never reaches the
 * address bar, the history or the session storage of the browser.
 *
 * @param {object} env
 * @param {{params: {title: string, value: string, note: string}}} action
 * @param {{onClose: Function}} options action after the dialog is closed (reload the form)
 */
export function showOnce(env, action, options) {
  const {title, value, note} = action.params;
  env.services.dialog.add(
    ShowOnceDialog,
    {title: title || "", value, note: note || ""},
    {onClose: () => options.onClose?.()}
  );
}

registry.category("actions").add("interop_show_once", showOnce);
