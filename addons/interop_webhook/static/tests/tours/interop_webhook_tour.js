import {
  addTour,
  createInterface,
  createSystem,
  openApp,
  openTab,
} from "@interop_base/../tests/tours/interop_tour_utils";
import {createEndpoint, deliverTo, sendTest} from "./interop_webhook_tour_utils";

addTour("interop_webhook_first_delivery", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("Tour Receiver", "tour-receiver"),
    ...createEndpoint("Tour Endpoint", "tour-endpoint", "Tour Receiver"),
    openTab("Secrets"),
    {
      content: "The list shows the key, but not its value",
      trigger: "[name='secret_ids'] .o_data_row:contains('Active')",
    },
    ...createInterface("Tour Flow", "tour-flow", "Tour Receiver", "interop.test v1"),
    ...deliverTo("Tour Endpoint"),
    ...sendTest(),
    {
      content: "The dialog shows the response",
      trigger: ".o_interop_webhook_test .alert-success:contains('200')",
    },
    {
      content: "Look at the message",
      trigger: ".o_interop_webhook_test button",
      run: "click",
    },
    {
      content: "The message form shows the endpoint",
      trigger:
        ".o_form_view .o_field_widget[name='endpoint_id']:contains('Tour Endpoint')",
    },
  ],
});
