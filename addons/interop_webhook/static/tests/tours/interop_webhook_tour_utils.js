import {
  clickNew,
  edit,
  openMenu,
  openTab,
  pick,
  select,
} from "@interop_base/../tests/tours/interop_tour_utils";

import {cookie} from "@web/core/browser/cookie";
import {stepUtils} from "@web_tour/tour_utils";

/** Create an endpoint on this machine; the test passes its URL in a cookie. */
export function createEndpoint(name, code, system) {
  return [
    ...openMenu(
      "catalogue",
      "interop_base.interop_webhook_menu_endpoints",
      "Endpoints"
    ),
    ...clickNew(),
    edit("name", name),
    edit("code", code),
    ...pick("system_id", system),
    edit("url", cookie.get("interop_receiver")),
    openTab("Network"),
    edit("allowed_networks", "127.0.0.0/8"),
    {
      content: "A loopback receiver has no certificate",
      trigger: ".o_form_view .o_field_widget[name='allow_http'] input",
      run: "check",
    },
    ...stepUtils.saveForm(),
    {
      content: "Generate the signing secret",
      trigger:
        ".o_statusbar_buttons button[name='action_rotate_secret']:contains('Generate')",
      run: "click",
    },
    {
      content: "It is shown once",
      trigger: ".o_interop_show_once_value",
      run() {
        if (!this.anchor.value.startsWith("whsec_")) {
          throw new Error("The value is not a secret");
        }
      },
    },
    {
      content: "Close it",
      trigger: ".o_interop_show_once_close",
      run: "click",
    },
    {
      content: "The form shows that there is an active secret",
      trigger:
        ".o_statusbar_buttons button[name='action_rotate_secret']:contains('Rotate')",
    },
  ];
}

/** Set the endpoint of the open interface. */
export function deliverTo(endpoint) {
  return [
    ...select("transport", "Webhook (HTTPS)"),
    openTab("Transport"),
    ...pick("endpoint_id", endpoint),
    ...stepUtils.saveForm(),
  ];
}

/** Send a test from the open interface and wait until it is accepted. */
export function sendTest() {
  return [
    {
      content: "Send a test message",
      trigger: ".o_statusbar_buttons button[name='action_send_test']",
      run: "click",
    },
    {
      content: "The receiver accepted it",
      trigger: ".modal .alert-success:contains('accepted the test message')",
    },
  ];
}
