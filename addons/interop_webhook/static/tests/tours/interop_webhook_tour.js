import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

import {
  clickNew,
  createInterface,
  createSystem,
  edit,
  openApp,
  openMenu,
  openTab,
  pick,
  select,
} from "@interop_base/../tests/tours/interop_tour_utils";

/** The test's receiver listens on a port that is known at run time only. */
function receiverUrl() {
  const [, value] = document.cookie.match(/interop_receiver=([^;]+)/);
  return decodeURIComponent(value);
}

const TEXT = ".o_form_view .o_field_widget";

registry.category("web_tour.tours").add("interop_webhook_first_delivery", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("Tour Receiver", "tour-receiver"),
    ...openMenu(
      "catalogue",
      "interop_webhook.interop_webhook_menu_endpoints",
      "Webhook Endpoints"
    ),
    ...clickNew(),
    edit("name", "Tour Endpoint"),
    edit("code", "tour-endpoint"),
    ...pick("system_id", "Tour Receiver"),
    {
      content: "Type the address of the receiver",
      trigger: `${TEXT}[name='url'] input`,
      run: (helpers) => helpers.edit(receiverUrl()),
    },
    openTab("Network"),
    edit("allowed_networks", "127.0.0.0/8"),
    {
      content: "A loopback receiver has no certificate",
      trigger: `${TEXT}[name='allow_http'] input`,
      run: "check",
    },
    ...stepUtils.saveForm(),
    {
      content: "Generate the secret",
      trigger: "button[name='action_rotate_secret']:contains('Generate')",
      run: "click",
    },
    {
      content: "It is shown once",
      trigger: ".o_interop_show_once_value:value(whsec_)",
    },
    {
      content: "Close it",
      trigger: ".o_interop_show_once_close",
      run: "click",
    },
    openTab("Secrets"),
    {
      content: "The list shows the key, but not its value",
      trigger: "[name='secret_ids'] .o_data_row:contains('Active')",
    },
    ...createInterface(
      "Tour Flow",
      "tour-flow",
      "Tour Receiver",
      "interop.test v1",
      "webhook"
    ),
    ...select("transport", "Webhook (HTTPS)"),
    openTab("Transport"),
    ...pick("endpoint_id", "Tour Endpoint"),
    ...stepUtils.saveForm(),
    {
      content: "Send a test message",
      trigger: "button[name='action_send_test']",
      run: "click",
    },
    {
      content: "The receiver accepted it",
      trigger: ".o_interop_webhook_test .alert-success:contains('200')",
    },
    {
      content: "Look at the message",
      trigger: ".o_interop_webhook_test button",
      run: "click",
    },
    {
      content: "It is done, and says so in words",
      trigger:
        ".o_form_view .o_field_widget[name='endpoint_id']:contains('Tour Endpoint')",
    },
  ],
});
