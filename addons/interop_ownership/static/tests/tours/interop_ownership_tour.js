import {stepUtils} from "@web_tour/tour_utils";

import {
  addTour,
  openApp,
  openMenu,
} from "@interop_base/../tests/tours/interop_tour_utils";

addTour("interop_ownership_matrix", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...openMenu(
      "catalogue",
      "interop_ownership.interop_base_menu_ownership_matrix",
      "Ownership Matrix"
    ),
    {
      content: "The facility is named",
      trigger: ".o_interop_matrix_facility:contains('Mercy Hospital')",
    },
    {
      content: "The owner of the city has a star",
      trigger:
        "tr[data-field='city'] td[title*='EHR Mercy is the system of record'] .o_interop_owner",
    },
    {
      content: "Another system writes it: an overlap",
      trigger: "tr[data-field='city'].o_interop_row_overlap .badge:contains('Overlap')",
    },
    {
      content: "The phone has no system of record: a gap",
      trigger: "tr[data-field='phone'].o_interop_row_gap .badge:contains('Gap')",
    },
    {
      content: "Rows without a problem",
      trigger:
        "tr[data-field='zip']:not(.o_interop_row_gap):not(.o_interop_row_overlap)",
    },
    {
      content: "The matrix can be printed",
      trigger: ".o_interop_matrix_print",
      run: ({anchor}) => {
        const original = window.print;
        let printed = 0;
        window.print = () => {
          printed += 1;
        };
        anchor.click();
        window.print = original;
        if (printed !== 1) {
          throw new Error("The matrix was not printed");
        }
      },
    },
    {
      content: "Show only gaps and overlaps",
      trigger: ".o_interop_matrix .form-switch input",
      run: "click",
    },
    {
      trigger: ".o_interop_matrix_table:not(:has(tr[data-field='zip']))",
    },
    {
      content: "Close the gap",
      trigger: "tr[data-field='phone'] .o_interop_matrix_open",
      run: "click",
    },
    {
      content: "A new rule about this field",
      trigger: ".o_form_view [name='field_ids'] .o_tag:contains('Phone')",
    },
    ...stepUtils.saveForm(),
    {
      trigger: ".o_back_button, .breadcrumb-item a",
      run: "click",
    },
    {
      content: "The gap is closed",
      trigger: "tr[data-field='phone']:not(.o_interop_row_gap)",
    },
  ],
});

addTour("interop_ownership_override", {
  steps: () => [
    {
      content: "The form shows the source of the value",
      trigger:
        ".o_interop_ownership_banner:contains('City'):contains('from EHR Mercy')",
    },
    {
      content: "The field is locked",
      trigger: ".o_form_view .o_readonly_modifier[name='city']",
    },
    {
      trigger: ".o_interop_override",
      run: "click",
    },
    {
      trigger: ".modal [name='reason'] input",
      run: "edit Typing error, told to the EHR",
    },
    {
      trigger: ".modal button[name='action_override']",
      run: "click",
    },
    {
      content: "Unlocked",
      trigger: ".o_interop_ownership_banner:not(:has(.fa-lock))",
    },
    {
      trigger: ".o_form_view [name='city']:not(.o_readonly_modifier) input",
      run: "edit Lund",
    },
    ...stepUtils.saveForm(),
    {
      content: "The form shows the new source and the system of record",
      trigger:
        ".o_interop_ownership_banner li:contains('City'):contains('from Steward'):contains('system of record: EHR Mercy')",
    },
  ],
});
