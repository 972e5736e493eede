import {addTour, openApp} from "@interop_base/../tests/tours/interop_tour_utils";

/** Open the dialog of a decision from the header of the case. */
function press(name) {
  return {
    content: `Press ${name}`,
    trigger: `.o_form_statusbar .o_statusbar_buttons button[name='${name}']:not(.d-none)`,
    run: "click",
  };
}

addTour("interop_identity_queue", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    {
      trigger:
        ".o_menu_sections button[data-menu-xmlid='interop_identifier.interop_identifier_menu_identity']",
      run: "click",
    },
    {
      trigger:
        ".o-dropdown--menu .dropdown-item[data-menu-xmlid='interop_identifier.interop_identifier_menu_cases']",
      run: "click",
    },
    {
      content: "The case is in the queue, with the number of waiting messages",
      trigger:
        ".o_data_row:contains('Possible duplicate'):contains('Open') .o_data_cell[name='about']:contains('Ada Byron'):contains('Ada King')",
      run: "click",
    },
    {
      content: "Both records are side by side, and differences are marked",
      trigger: ".o_interop_comparison .o_interop_differs:contains('Horsley')",
    },
    {
      content: "Their identifiers are side by side, too",
      trigger: ".o_interop_identifiers:contains('A-1'):contains('N-20')",
    },
    {
      content: "The message's side is hidden at first, and the case cannot be decided",
      trigger: ".o_interop_message_side:contains('Hidden')",
    },
    {
      trigger: ".o_statusbar_buttons:not(:has(button[name='action_same']))",
    },
    press("action_show_message"),
    {
      content: "Name and numbers of the message are shown beside both records",
      trigger: ".o_interop_stated .o_interop_message_side:contains('Ada Lovelace')",
    },
    {
      content: "The button states its effect",
      trigger: "button[name='action_same']:contains('Same Person: Merge Numbers')",
    },
    press("action_same"),
    {
      content: "Ada Byron's record stays",
      trigger: ".modal [name='survivor'] input[data-value='left']",
      run: "click",
    },
    {
      trigger: ".modal [name='reason'] input",
      run: "edit Married name, told by the registration desk",
    },
    {
      trigger: ".modal button[name='action_decide']",
      run: "click",
    },
    {
      content: "The case is decided and shows the reason",
      trigger: ".alert-success:contains('Same'):contains('Married name')",
    },
    {
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Decided')",
    },
    {
      content: "Back to the queue",
      trigger: ".o_breadcrumb .o_back_button",
      run: "click",
    },
    {
      content: "No case is open any more",
      trigger: ".o_view_nocontent:contains('No identity case matches')",
    },
  ],
});

addTour("interop_identity_apart", {
  url: "/odoo/interop-identity-cases",
  steps: () => [
    {
      trigger: ".o_data_row .o_data_cell[name='about']:contains('Ada King')",
      run: "click",
    },
    press("action_show_message"),
    {
      content: "The button states its effect",
      trigger: "button[name='action_different']:contains('Different People')",
    },
    press("action_different"),
    {
      content: "Messages that name both are about Ada King",
      trigger: ".modal [name='about'] input[data-value='right']",
      run: "click",
    },
    {
      trigger: ".modal button[name='action_decide']",
      run: "click",
    },
    {
      trigger: ".alert-success:contains('Not the same')",
    },
    {
      content: "The decision can be taken back",
      trigger: ".o_statusbar_buttons button[name='action_take_back']",
      run: "click",
    },
    {
      trigger: ".modal:not(.o_inactive_modal) .modal-footer .btn-primary",
      run: "click",
    },
    {
      trigger: ".alert-secondary:contains('taken back')",
    },
  ],
});

addTour("interop_identity_undo", {
  url: "/odoo/interop-identity-cases",
  steps: () => [
    {
      content: "No filter: the case is decided",
      trigger: ".o_searchview .o_facet_remove",
      run: "click",
    },
    {
      trigger: ".o_searchview:not(:has(.o_searchview_facet))",
    },
    {
      trigger: ".o_data_row .o_data_cell[name='about']:contains('Ada King')",
      run: "click",
    },
    press("action_unmerge"),
    {
      content: "The values that are put back",
      trigger: ".modal .o_interop_undo_back:contains('N-20')",
    },
    {
      content: "The values that stay, field by field",
      trigger: ".modal .o_interop_undo_stays:contains('Name'):contains('Ada Lovelace')",
    },
    {
      trigger: ".modal [name='reason'] input",
      run: "edit Two sisters",
    },
    {
      trigger: ".modal button[name='action_unmerge']",
      run: "click",
    },
    {
      trigger: ".alert-secondary:contains('taken back')",
    },
  ],
});
