import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const PATIENCE = 60000; // Milliseconds; web_tour allows no more.
const SUGGESTION = ".o-autocomplete--dropdown-item:not(.o_m2o_dropdown_option) a";

/** Register a tour whose steps wait a minute, as a slow machine needs. */
export function addTour(name, {steps, ...options}) {
  registry.category("web_tour.tours").add(name, {
    ...options,
    steps: () => steps().map((step) => ({timeout: PATIENCE, ...step})),
  });
}

/** Open the app and wait until one of its views is there. */
export function openApp() {
  return [
    ...stepUtils.goToAppSteps("interop_base.interop_base_menu_root"),
    {
      content: "The app shows what waits for me first",
      trigger: ".o_breadcrumb:contains('Waiting for Me')",
    },
  ];
}

/** Open a menu entry, given by the ends of the XML ids of its section and itself. */
export function openMenu(section, entry, title) {
  return [
    {
      content: `Open the menu ${section}`,
      trigger: `.o_menu_sections button[data-menu-xmlid='interop_base.interop_base_menu_${section}']`,
      run: "click",
    },
    {
      content: `Choose ${entry}`,
      trigger: `.o-dropdown--menu .dropdown-item[data-menu-xmlid='${entry}']`,
      run: "click",
    },
    {
      content: `${title} is open`,
      trigger: `.o_breadcrumb .active:contains('${title}')`,
    },
  ];
}

export function clickNew() {
  return [
    {
      content: "Create a record",
      trigger: ".o_control_panel_main_buttons button:contains('New')",
      run: "click",
    },
    {
      content: "An empty form is open",
      trigger: ".o_form_view .o_form_editable",
    },
  ];
}

export function edit(field, text) {
  return {
    content: `Fill ${field}`,
    trigger: `.o_form_view .o_field_widget[name='${field}'] .o_input`,
    run: `edit ${text}`,
  };
}

export function select(field, label) {
  return [
    {
      content: `Open the choices of ${field}`,
      trigger: `.o_form_view .o_field_widget[name='${field}'] input`,
      run: "click",
    },
    {
      content: `Choose ${label}`,
      trigger: `.o_select_menu_item:contains('${label}')`,
      run: "click",
    },
    {
      // Until then the choices of this field would be taken for those of the next one.
      content: "The choices are closed",
      trigger: "body:not(:has(.o_select_menu_item))",
    },
    {
      content: `${label} is chosen`,
      trigger: `.o_form_view .o_field_widget[name='${field}'] input:value('${label}')`,
    },
  ];
}

/**
 * Choose a record by its name, from the suggestions of this field alone: those of the
 * field before may open once more, when its delayed search ends after the choice.
 */
export function pick(field, text) {
  const widget = `.o_form_view .o_field_widget[name='${field}']`;
  return [
    {
      content: `Search ${field}`,
      trigger: `${widget} input`,
      run: `edit ${text}`,
    },
    {
      content: `Pick ${text}`,
      trigger: `${widget} ${SUGGESTION}:contains('${text}')`,
      run: "click",
    },
  ];
}

export function openTab(label) {
  return {
    content: `Open the tab ${label}`,
    trigger: `.o_notebook .nav-link:contains('${label}')`,
    run: "click",
  };
}

/** Click a button of the form's header and confirm. */
export function pressAndConfirm(name) {
  return [
    {
      content: `Press ${name}`,
      trigger: `.o_form_statusbar .o_statusbar_buttons button[name='${name}']`,
      run: "click",
    },
    {
      content: "Confirm",
      trigger: ".modal:not(.o_inactive_modal) .modal-footer .btn-primary",
      run: "click",
    },
  ];
}

/** Open the approval sheet, look at the state that it shows, and approve that. */
export function approveOnSheet(button, shown) {
  return [
    {
      content: "Open the approval sheet",
      trigger: `.o_form_statusbar .o_statusbar_buttons button[name='${button}']`,
      run: "click",
    },
    {
      content: "It shows the exact state",
      trigger: `.modal [name='content'] td:contains('${shown}')`,
    },
    {
      content: "Approve this state",
      trigger: ".modal .modal-footer button[name='action_approve']",
      run: "click",
    },
  ];
}

export function createSystem(name, code) {
  return [
    ...openMenu("catalogue", "interop_base.interop_base_menu_systems", "Systems"),
    ...clickNew(),
    edit("name", name),
    edit("code", code),
    ...select("environment", "Test"),
    openTab("Facility Codes"),
    {
      content: "Say what the system calls our facility",
      trigger: "[name='facility_code_ids'] .o_field_x2many_list_row_add a",
      run: "click",
    },
    {
      trigger: "[name='facility_code_ids'] .o_selected_row [name='code'] input",
      run: "edit MAIN-01",
    },
    {
      trigger: "[name='facility_code_ids'] .o_selected_row [name='company_id'] input",
      run: "edit Mercy",
    },
    {
      trigger: `.o_selected_row [name='company_id'] ${SUGGESTION}:contains('Mercy Hospital')`,
      run: "click",
    },
    ...stepUtils.saveForm(),
  ];
}

/** Begin a contract about contacts; the form stays open, not yet saved. */
function beginContract(messageType) {
  return [
    ...openMenu("catalogue", "interop_base.interop_base_menu_contracts", "Contracts"),
    ...clickNew(),
    edit("message_type", messageType),
    ...pick("model_id", "Contact"),
  ];
}

/** A contract about contacts without a schema: a mapping says what it holds. */
export function draftContract(messageType) {
  return [...beginContract(messageType), ...stepUtils.saveForm()];
}

export function createContract(messageType) {
  return [
    ...beginContract(messageType),
    {
      content: "The schema has an editor of its own",
      trigger: "[name='schema'] .ace_editor .ace_content",
    },
    openTab("Examples"),
    {
      content: "Add an example",
      trigger: "[name='example_ids'] .o_field_x2many_list_row_add a",
      run: "click",
    },
    {
      trigger: ".modal [name='name'] input",
      run: "edit The smallest message",
    },
    {
      content: "Write its data",
      trigger: ".modal [name='body'] .ace_editor .ace_content",
      run() {
        window.ace
          .edit(document.querySelector(".modal [name='body'] .ace_editor"))
          .setValue("{}");
      },
    },
    {
      trigger: ".modal .o_form_button_save",
      run: "click",
    },
    {
      content: "The example is in the list",
      trigger: "[name='example_ids'] .o_data_row:contains('The smallest message')",
    },
    ...stepUtils.saveForm(),
  ];
}

export function createInterface(name, code, system, contract) {
  return [
    ...openMenu("catalogue", "interop_base.interop_base_menu_interfaces", "Interfaces"),
    ...clickNew(),
    edit("name", name),
    edit("code", code),
    ...pick("system_id", system),
    ...select("data_class", "No Personal Data"),
    ...select("latency_tier", "Near Real Time"),
    edit("purpose", "The partner knows our contacts"),
    openTab("Contracts & Facilities"),
    ...pick("company_ids", "Mercy Hospital"),
    {
      content: "Add a contract",
      trigger: "[name='contract_ids'] .o_field_x2many_list_row_add a",
      run: "click",
    },
    {
      content: "Find it",
      trigger: ".modal .o_data_row .o_data_cell:contains('" + contract + "')",
      run: "click",
    },
    {
      content: "It is in the list",
      trigger: `[name='contract_ids'] .o_data_row:contains('${contract}')`,
    },
    openTab("Ownership & Objective"),
    ...pick("owner_id", "interop_admin"),
    ...pick("exception_user_id", "interop_admin"),
    edit("objective_seconds", "60"),
    ...stepUtils.saveForm(),
  ];
}

/** From the interface that is open to its mapping. */
export function openMapping() {
  return [
    {
      content: "Open the mapping editor",
      trigger: ".o-form-buttonbox button[name='action_open_mapping']",
      run: "click",
    },
    {
      content: "Its lines are shown",
      trigger: ".o_form_view .o_field_widget[name='line_ids']",
    },
  ];
}
