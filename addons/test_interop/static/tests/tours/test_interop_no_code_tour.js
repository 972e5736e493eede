import {
  addTour,
  createInterface,
  createSystem,
  draftContract,
  openApp,
  openMapping,
  pressAndConfirm,
} from "@interop_base/../tests/tours/interop_tour_utils";
import {
  createEndpoint,
  deliverTo,
  sendTest,
} from "@interop_webhook/../tests/tours/interop_webhook_tour_utils";

import {stepUtils} from "@web_tour/tour_utils";

const POPOVER = ".o_model_field_selector_popover";

function searchField(label) {
  return {
    content: `Search ${label}`,
    trigger: `${POPOVER}_search input`,
    run: `edit ${label}`,
  };
}

/** Choose a field by clicking through its relations, as a user does. */
export function pickField(...labels) {
  const leaf = labels.at(-1);
  return [
    {
      content: "Open the field picker",
      trigger: ".o_selected_row [name='field_path'] .o_model_field_selector",
      run: "click",
    },
    ...labels.slice(0, -1).flatMap((label) => [
      searchField(label),
      {
        content: `Follow ${label}`,
        trigger: `${POPOVER}_item:contains(/^${label}$/) ${POPOVER}_item_relation`,
        run: "click",
      },
      {
        // Until then the fields before are still shown, and some have the same labels.
        content: `The fields of ${label} are shown`,
        trigger: `${POPOVER}_title:contains('${label}')`,
      },
    ]),
    searchField(leaf),
    {
      content: `Choose ${leaf}`,
      trigger: `${POPOVER}_item:contains(/^${leaf}$/) ${POPOVER}_item_name`,
      run: "click",
    },
    {
      content: `${leaf} is chosen`,
      trigger: `.o_selected_row [name='field_path'] .o_model_field_selector_chain_part:contains('${leaf}')`,
    },
  ];
}

/** Add the line with this number and wait: until then the line before is still edited. */
export function addLine(number) {
  return [
    {
      content: "Add a line",
      trigger: ".o_field_widget[name='line_ids'] .o_field_x2many_list_row_add a",
      run: "click",
    },
    {
      content: `Line ${number} is open`,
      trigger: `[name='line_ids'] .o_data_row:nth-child(${number}).o_selected_row`,
    },
  ];
}

/** The path is proposed from the field, so users type no technical names. */
export function pathIs(path) {
  return {
    content: `The path ${path} is proposed`,
    trigger: `.o_selected_row [name='path'] input:value(${path})`,
  };
}

addTour("test_interop_no_code", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("No-code System", "no-code-system"),
    ...draftContract("contact.changed"),
    ...createEndpoint("No-code Endpoint", "no-code-endpoint", "No-code System"),
    ...createInterface(
      "No-code Interface",
      "no-code-interface",
      "No-code System",
      "contact.changed v1"
    ),
    ...deliverTo("No-code Endpoint"),
    ...openMapping(),
    ...addLine(1),
    ...pickField("Name"),
    pathIs("name"),
    ...addLine(2),
    ...pickField("Country", "Country Code"),
    pathIs("country.code"),
    ...stepUtils.saveForm(),
    {
      content: "Look at a real record",
      trigger: ".o_statusbar_buttons button[name='action_preview']",
      run: "click",
    },
    {
      content: "The message of the latest record is shown at once",
      trigger: ".modal [name='data']:contains('name')",
    },
    {
      content: "Look for another one",
      trigger: ".modal [name='record_ref'] .o-autocomplete input",
      run: "edit Tour Hospital",
    },
    {
      trigger:
        ".modal [name='record_ref'] .o-autocomplete--dropdown-item a:contains('Tour Hospital')",
      run: "click",
    },
    {
      content: "Its message is shown with the country code",
      trigger: ".modal [name='data']:contains('Tour Hospital'):contains('SE')",
    },
    {
      trigger: ".modal .alert-success:contains('would be sent')",
    },
    {
      trigger: ".modal .modal-footer button:contains('Close')",
      run: "click",
    },
    {
      content: "The dialog is closed",
      trigger: "body:not(:has(.modal))",
    },
    ...pressAndConfirm("action_generate_schema"),
    {
      content: "The schema is generated",
      trigger: "body:not(:has(.modal))",
    },
    {
      content: "Back to the interface",
      trigger: ".o_breadcrumb a:contains('No-code Interface')",
      run: "click",
    },
    ...sendTest(),
  ],
});
