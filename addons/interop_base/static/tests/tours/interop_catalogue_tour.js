import {registry} from "@web/core/registry";

import {
  createContract,
  createInterface,
  createSystem,
  openApp,
  openMenu,
  pressAndConfirm,
} from "./interop_tour_utils";

registry.category("web_tour.tours").add("interop_base_catalogue", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("Tour System", "tour-system"),
    ...createContract("tour.finished"),
    ...createInterface(
      "Tour Interface",
      "tour-interface",
      "Tour System",
      "tour.finished v1"
    ),
    ...pressAndConfirm("action_request_approval"),
    {
      content: "It says whose turn it is",
      trigger: ".alert:contains('waits for a steward')",
    },
  ],
});

registry.category("web_tour.tours").add("interop_base_approval", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...openMenu("catalogue", "interop_base.interop_base_menu_contracts", "Contracts"),
    {
      trigger: ".o_data_row .o_data_cell:contains('tour.finished v1')",
      run: "click",
    },
    ...pressAndConfirm("action_publish"),
    {
      content: "The contract is published",
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Published')",
    },
    {
      content: "A published schema cannot be edited",
      trigger: "[name='schema'].o_readonly_modifier",
    },
    ...openMenu("catalogue", "interop_base.interop_base_menu_interfaces", "Interfaces"),
    {
      content: "Interfaces stand in the order of their life",
      trigger:
        ".o_kanban_group:first-child .o_kanban_record:contains('Tour Interface')",
      run: "click",
    },
    ...pressAndConfirm("action_approve"),
    {
      content: "The interface is approved",
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Approved')",
    },
  ],
});
