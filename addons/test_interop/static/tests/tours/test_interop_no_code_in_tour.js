import {
  addTour,
  createInterface,
  createSystem,
  draftContract,
  openApp,
  openMapping,
  select,
} from "@interop_base/../tests/tours/interop_tour_utils";
import {addLine, pathIs, pickField} from "./test_interop_no_code_tour";

import {stepUtils} from "@web_tour/tour_utils";

const ROW = "[name='line_ids'] .o_selected_row";

/** Tick a box of the edited line. */
function needed() {
  return [
    {
      content: "A message without it is refused",
      trigger: `${ROW} [name='required'] input`,
      run: "check",
    },
  ];
}

addTour("test_interop_no_code_in", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...createSystem("Laboratory", "laboratory"),
    ...draftContract("contact.upserted"),
    ...createInterface(
      "Laboratory Contacts",
      "laboratory-contacts",
      "Laboratory",
      "contact.upserted v1"
    ),
    ...select("direction", "Inbound"),
    ...select("latency_tier", "Real Time"),
    ...select("transport", "REST (signed)"),
    ...stepUtils.saveForm(),
    ...openMapping(),
    ...select("on_unknown", "Create a Record"),
    ...addLine(1),
    {
      content: "The identifier that names the record",
      trigger: `${ROW} [name='kind'] input`,
      run: "click",
    },
    {
      trigger: ".o_select_menu_item:contains('External Identifier')",
      run: "click",
    },
    {
      trigger: `${ROW} [name='path'] input`,
      run: "edit number",
    },
    {
      trigger: `${ROW} [name='namespace_id'] input`,
      run: "edit Laboratory Num",
    },
    {
      trigger: `${ROW} [name='namespace_id'] .o-autocomplete--dropdown-item a:contains('Laboratory Numbers')`,
      run: "click",
    },
    ...needed(),
    ...addLine(2),
    ...pickField("Name"),
    pathIs("name"),
    ...needed(),
    ...addLine(3),
    ...pickField("Country", "Country Code"),
    pathIs("country.code"),
    ...stepUtils.saveForm(),
    {
      content: "Nothing is missing",
      trigger: ".o_form_view:not(:has(.alert-warning:contains('Missing before')))",
    },
    {
      content: "Try a message before the interface is active",
      trigger: ".o_statusbar_buttons button[name='action_dry_run']",
      run: "click",
    },
    {
      trigger: ".modal [name='body'] textarea",
      run: 'edit {"number": "L-1", "name": "Dr. Tour", "country": {"code": "SE"}}',
    },
    {
      content: "Try it",
      trigger: ".modal .o_interop_dry_run:enabled",
      run: "click",
    },
    {
      content: "The result is shown field by field",
      trigger:
        ".modal .alert-success:contains('would be created'):contains('Dr. Tour')",
    },
    {
      trigger: ".modal [name='result_html'] tr:contains('Country'):contains('Sweden')",
    },
    {
      trigger: ".modal .modal-footer button:contains('Close')",
      run: "click",
    },
    {
      content: "The dialog is closed",
      trigger: "body:not(:has(.modal))",
    },
  ],
});
