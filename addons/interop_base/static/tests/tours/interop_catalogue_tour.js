import {
  addTour,
  approveOnSheet,
  createContract,
  createInterface,
  createSystem,
  openApp,
  openMenu,
  pressAndConfirm,
} from "./interop_tour_utils";

addTour("interop_base_catalogue", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("Tour System", "tour-system"),
    ...createContract("tour.finished"),
    ...pressAndConfirm("action_request_approval"),
    {
      content: "It says whose turn it is",
      trigger: ".alert:contains('Publication was requested by')",
    },
    ...createInterface(
      "Tour Interface",
      "tour-interface",
      "Tour System",
      "tour.finished v1"
    ),
    ...pressAndConfirm("action_request_approval"),
    {
      content: "Nobody asks for what could not be activated",
      trigger: ".modal:contains('a published contract')",
    },
    {
      trigger: ".modal .modal-footer button",
      run: "click",
    },
  ],
});

addTour("interop_base_publication", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...openMenu("catalogue", "interop_base.interop_base_menu_contracts", "Contracts"),
    {
      trigger: ".o_data_row .o_data_cell:contains('tour.finished v1')",
      run: "click",
    },
    ...approveOnSheet("action_publish", "tour.finished v1"),
    {
      content: "The contract is published",
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Published')",
    },
    {
      content: "A published schema cannot be edited",
      trigger: "[name='schema'].o_readonly_modifier",
    },
  ],
});

addTour("interop_base_approval", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...openMenu("catalogue", "interop_base.interop_base_menu_interfaces", "Interfaces"),
    {
      content: "Interfaces stand in the order of their life",
      trigger:
        ".o_kanban_group:first-child .o_kanban_record:contains('Tour Interface')",
      run: "click",
    },
    {
      content: "It says whose turn it is",
      trigger: ".alert:contains('waits for a steward')",
    },
    ...approveOnSheet("action_approve", "Mercy Hospital"),
    {
      content: "The interface is approved",
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Approved')",
    },
  ],
});
