import {addTour} from "@interop_base/../tests/tours/interop_tour_utils";

addTour("interop_identifiers_page", {
  steps: () => [
    {
      trigger: ".o_notebook .nav-link[name='interop_identifiers_product_variant_ids']",
      run: "click",
    },
    {
      content: "The number is shown with its state",
      trigger:
        ".o_interop_identifiers_page .o_data_row:contains('W-4711'):contains('Active')",
    },
    {
      content: "Add another one",
      trigger: ".o_interop_identifiers_page .o_interop_add_identifier",
      run: "click",
    },
    {
      content: "The record is filled in",
      trigger: ".o_form_view .o_field_widget[name='record_ref']:contains('Product')",
    },
    {
      trigger: ".o_field_widget[name='namespace_id'] input",
      run: "edit Pharmacy",
    },
    {
      trigger: ".ui-autocomplete .dropdown-item:contains('Pharmacy')",
      run: "click",
    },
    {
      trigger: ".o_field_widget[name='value'] input",
      run: "edit P-1",
    },
    {
      trigger: ".o_form_button_save",
      run: "click",
    },
    {
      trigger: ".o_form_saved",
    },
    {
      content: "Back to the product",
      trigger: ".breadcrumb-item a:contains('Gauze')",
      run: "click",
    },
    {
      trigger: ".o_notebook .nav-link[name='interop_identifiers_product_variant_ids']",
      run: "click",
    },
    {
      trigger: ".o_interop_identifiers_page .o_data_row:contains('P-1')",
    },
  ],
});
