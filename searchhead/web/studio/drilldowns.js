// The links that Splunk's own product adds to the renderer's drilldowns: to another dashboard, to the search page, to a URL.
import { CustomUrlDrilldown } from '@splunk/dashboard-event-handlers';

const isClick = (event) => event?.type?.endsWith('.click');
const linkTo = (url, newTab) => Promise.resolve([{ type: 'linkTo', payload: { url, newTab } }]);

/** Event handlers by type; links without an app stay in this one. */
export function drilldowns(app) {
  class LinkToDashboard {
    static capabilities = CustomUrlDrilldown.capabilities;

    constructor(options = {}) {
      this.options = options;
    }

    canHandle = (event) => isClick(event) && Boolean(this.options.dashboard);

    handle = () => {
      const query = new URLSearchParams();
      for (const { token, value } of this.options.tokens ?? []) query.append(`form.${token}`, value);
      const path = `/app/${encodeURIComponent(this.options.app ?? app)}/${encodeURIComponent(this.options.dashboard)}`;
      return linkTo(query.size ? `${path}?${query}` : path, this.options.newTab);
    };
  }

  class LinkToSearch {
    static capabilities = CustomUrlDrilldown.capabilities;

    constructor(options = {}) {
      this.options = options;
    }

    canHandle = (event) => isClick(event) && Boolean(this.options.query);

    handle = () => {
      const { query: q, earliest, latest, newTab } = this.options;
      const query = new URLSearchParams({ q });
      if (earliest) query.set('earliest', earliest);
      if (latest) query.set('latest', latest);
      return linkTo(`/app/${encodeURIComponent(app)}/search?${query}`, newTab);
    };
  }

  return {
    'drilldown.linkToDashboard': LinkToDashboard,
    'drilldown.linkToSearch': LinkToSearch,
    'drilldown.linkToUrl': CustomUrlDrilldown,
  };
}
