import {onWillUnmount, useEffect} from "@odoo/owl";

import {
  ProgressBarField,
  progressBarField,
} from "@web/views/fields/progress_bar/progress_bar_field";
import {registry} from "@web/core/registry";

const EVERY = 3000; // Milliseconds

/**
 * A progress bar for a record whose `state` is "running". It reloads the record every few
 * seconds, unless the user is editing it.
 */
export class LiveProgressField extends ProgressBarField {
  setup() {
    super.setup();
    this.timer = null;
    useEffect(
      (state) => {
        this.stop();
        if (state === "running") {
          this.timer = setInterval(() => this.refresh(), EVERY);
        }
      },
      () => [this.props.record.data.state]
    );
    onWillUnmount(() => this.stop());
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  async refresh() {
    const {record} = this.props;
    if (!this.loading && !(await record.isDirty())) {
      this.loading = true;
      try {
        await record.load();
      } finally {
        this.loading = false;
      }
    }
  }
}

export const liveProgressField = {
  ...progressBarField,
  component: LiveProgressField,
};

registry.category("fields").add("interop_live_progress", liveProgressField);
