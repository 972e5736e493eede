import {addTour, openApp, openMenu, pressAndConfirm} from "./interop_tour_utils";

const RETRY_STEPS = [
  {
    content: "The failed message is listed with its reason",
    trigger:
      ".o_data_row:contains('Failed'):contains('The customer has no payment terms')",
    run: "click .o_data_cell[name='state']",
  },
  {
    content: "The form says what happened and what to do",
    trigger: ".alert-danger:contains('payment terms'):contains('Next step')",
  },
  ...pressAndConfirm("action_retry"),
  {
    content: "A notification says that the message will be retried",
    trigger: ".o_notification:contains('The message will be retried')",
  },
  {
    content: "The message waits for the engine",
    trigger: ".o_statusbar_status .o_arrow_button_current:contains('Waiting')",
  },
];

addTour("interop_base_retry", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    ...RETRY_STEPS,
    {
      content: "Back to the list",
      trigger: ".o_breadcrumb .o_back_button",
      run: "click",
    },
    {
      content: "Nothing waits for me any more",
      trigger: ".o_view_nocontent:contains('No messages for you match')",
    },
  ],
});

/** Type into the search field of a list and press Enter. */
function searchFor(text) {
  return [
    {
      content: `Search for ${text}`,
      trigger: ".o_searchview_input",
      run: `edit ${text}`,
    },
    {
      trigger: ".o_searchview_autocomplete .o-dropdown-item:first",
    },
    {
      trigger: ".o_searchview_input",
      run: "press Enter",
    },
  ];
}

addTour("interop_base_replaced", {
  url: "/odoo",
  steps: () => [
    ...openApp(),
    {
      trigger: ".o_data_row:contains('The city is unknown')",
      run: "click .o_data_cell[name='state']",
    },
    {
      content: "The primary button is the next step",
      trigger:
        "button[name='action_skip_superseded'].btn-primary:not(:has(~ button[name='action_retry']))",
    },
    {
      content: "The newer message is linked",
      trigger: ".alert:contains('A newer message about the same record')",
    },
    ...pressAndConfirm("action_skip_superseded"),
    {
      trigger: ".o_statusbar_status .o_arrow_button_current:contains('Skipped')",
    },
    ...openMenu(
      "messages",
      "interop_base.interop_base_menu_messages_all",
      "All Messages"
    ),
    ...searchFor("Tour Partner"),
    {
      content: "The name of the record finds it",
      trigger: ".o_facet_values:contains('Tour Partner')",
    },
    {
      trigger: ".o_data_row:contains('Skipped')",
    },
    {
      trigger: ".o_searchview_facet .o_facet_remove",
      run: "click",
    },
    {
      content: "The filter is removed",
      trigger: ".o_searchview:not(:has(.o_searchview_facet))",
    },
    ...searchFor("No such thing"),
    {
      content: "An empty result does not claim that nothing exists",
      trigger: ".o_view_nocontent:contains('No messages match')",
    },
  ],
});

/** The browser keeps nothing of a value that is shown once. */
function assertForgotten(value) {
  const kept = [
    JSON.stringify(sessionStorage),
    JSON.stringify(localStorage),
    JSON.stringify(history.state),
    location.href,
    document.cookie,
  ].join("\n");
  if (!value || kept.includes(value)) {
    throw new Error("The secret was kept by the browser");
  }
}

addTour("interop_base_rotate", {
  url: "/odoo",
  steps: () => {
    let value = "";
    return [
      ...openApp(),
      ...openMenu("configuration", "interop_base.interop_base_menu_secrets", "Secrets"),
      {
        trigger: ".o_data_row .o_data_cell:contains('Tour Secret')",
        run: "click",
      },
      ...pressAndConfirm("action_rotate"),
      {
        content: "The new secret is shown, once",
        trigger: ".o_interop_show_once_value",
        run() {
          value = this.anchor.value;
          if (!value.startsWith("whsec_") || !this.anchor.readOnly) {
            throw new Error("This is no read-only secret");
          }
          assertForgotten(value);
        },
      },
      {
        content: "It can be copied",
        trigger: ".o_interop_show_once .o_clipboard_button",
      },
      {
        trigger: ".o_interop_show_once_close",
        run: "click",
      },
      {
        content: "The form behind was read again: the old secret has an end",
        trigger:
          "body:not(:has(.modal)) .o_field_widget[name='valid_to']:not(.o_field_empty)",
        run() {
          if (document.documentElement.outerHTML.includes(value)) {
            throw new Error("The secret is still in the page");
          }
          assertForgotten(value);
        },
      },
    ];
  },
});
