import {
  clickNew,
  createContract,
  createInterface,
  createSystem,
  edit,
  openApp,
  openMenu,
  openTab,
  pick,
  pressAndConfirm,
  select,
} from "@interop_base/../tests/tours/interop_tour_utils";

import {cookie} from "@web/core/browser/cookie";
import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

/** An endpoint on this machine; the test says which port by a cookie. */
export function createEndpoint(name, code, system) {
  return [
    ...openMenu(
      "catalogue",
      "interop_webhook.interop_webhook_menu_endpoints",
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
      content: "Allow plain http",
      trigger: ".o_field_widget[name='allow_http'] input",
      run: "check",
    },
    ...stepUtils.saveForm(),
    {
      content: "Generate the secret that signs",
      trigger:
        ".o_statusbar_buttons button[name='action_rotate_secret']:contains('Generate')",
      run: "click",
    },
    {
      content: "It is shown once",
      trigger: ".o_interop_show_once_value",
      run() {
        if (!this.anchor.value.startsWith("whsec_")) {
          throw new Error("This is no secret");
        }
      },
    },
    {
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

registry.category("web_tour.tours").add("test_interop_first_message", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("Tour System", "tour-system"),
    ...createContract("tour.finished"),
    ...createEndpoint("Tour Endpoint", "tour-endpoint", "Tour System"),
    ...createInterface(
      "Tour Interface",
      "tour-interface",
      "Tour System",
      "tour.finished v1"
    ),
    ...select("transport", "Webhook"),
    openTab("Transport"),
    ...pick("endpoint_id", "Tour Endpoint"),
    ...stepUtils.saveForm(),
    {
      content: "Send a test message",
      trigger: ".o_statusbar_buttons button[name='action_send_test']",
      run: "click",
    },
    {
      content: "The receiver accepted it",
      trigger: ".modal .alert-success:contains('Delivered and accepted')",
    },
    {
      trigger: ".modal button:contains('Open the message')",
      run: "click",
    },
    {
      content: "It is in the log, marked as a test",
      trigger: ".o_form_view .ribbon:contains('Test')",
    },
    {
      content: "It is done",
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
    },
    {
      content: "The try is there with its answer",
      trigger: "[name='attempt_ids'] .o_data_row:contains('Delivered'):contains('200')",
    },
  ],
});

registry.category("web_tour.tours").add("test_interop_failed_message", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    {
      content: "The refused invoice waits for me, by its name",
      trigger: ".o_data_row:contains('INV/2026'):contains('Failed')",
      run: "click .o_data_cell[name='state']",
    },
    {
      content: "It says what happened and what to do next",
      trigger: ".alert-danger:contains('What happened'):contains('then resubmit')",
    },
    {
      content: "It leads to the invoice",
      trigger: "button[name='action_view_resource']",
      run: "click",
    },
    {
      trigger: ".o_form_view .o_field_widget[name='invoice_line_ids']",
    },
    {
      content: "Back to the message",
      trigger: ".o_breadcrumb .o_back_button",
      run: "click",
    },
    ...pressAndConfirm("action_retry"),
    {
      content: "The receiver accepts it now",
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
    },
    {
      content: "Both tries are told",
      trigger:
        "[name='attempt_ids'] .o_list_renderer:has(.o_data_row:contains('Delivered')):has(.o_data_row:contains('Failed for good'))",
    },
  ],
});
