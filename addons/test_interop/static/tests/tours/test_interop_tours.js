import {
  addTour,
  createContract,
  createInterface,
  createSystem,
  openApp,
  pressAndConfirm,
} from "@interop_base/../tests/tours/interop_tour_utils";
import {
  createEndpoint,
  deliverTo,
  sendTest,
} from "@interop_webhook/../tests/tours/interop_webhook_tour_utils";

addTour("test_interop_first_message", {
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
    ...deliverTo("Tour Endpoint"),
    ...sendTest(),
    {
      trigger: ".modal button:contains('Open Message')",
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
      content: "The attempt is listed with its answer",
      trigger: "[name='attempt_ids'] .o_data_row:contains('Delivered'):contains('200')",
    },
  ],
});

addTour("test_interop_failed_message", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    {
      content: "The refused invoice waits for the user, with its name",
      trigger: ".o_data_row:contains('INV/2026'):contains('Failed')",
      run: "click .o_data_cell[name='state']",
    },
    {
      content: "The message shows the failure and the next step",
      trigger: ".alert-danger:contains('Error'):contains('then resubmit')",
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
      content: "Both attempts are listed",
      trigger:
        "[name='attempt_ids'] .o_list_renderer:has(.o_data_row:contains('Delivered')):has(.o_data_row:contains('Failed Permanently'))",
    },
  ],
});
