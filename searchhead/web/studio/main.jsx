// Renders one view with Splunk's own Dashboard Studio renderer. The page holds the definition and sets $C, Splunk Web's
// settings, before this loads. Tests read window.__errors and window.__dashboard.
import React, { useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { DashboardContextProvider } from '@splunk/dashboard-context';
import DashboardCore from '@splunk/dashboard-core';
import EnterpriseViewOnlyPreset from '@splunk/dashboard-presets/EnterpriseViewOnlyPreset';
import { mapTokensToURL } from '@splunk/dashboard-utils';
import SplunkThemeProvider from '@splunk/themes/SplunkThemeProvider';
import { drilldowns } from './drilldowns';

const page = document.documentElement;
const preset = {
  ...EnterpriseViewOnlyPreset,
  eventHandlers: { ...EnterpriseViewOnlyPreset.eventHandlers, ...drilldowns(document.body.dataset.app) },
};

// The theme of the page, which its button changes.
function subscribe(changed) {
  window.addEventListener('theme', changed);
  return () => window.removeEventListener('theme', changed);
}

// The tokens' values stand in the address as form.<token>, so that a view can be reloaded and passed on as it is. Reading
// them from there is the renderer's own work.
function rememberTokens(tokens) {
  const search = mapTokensToURL({ search: location.search, tokens: { default: {}, ...tokens } });
  history.replaceState(history.state, '', search ? `?${search}` : location.pathname);
}

function View({ definition }) {
  const theme = useSyncExternalStore(subscribe, () => page.dataset.theme);
  return (
    <SplunkThemeProvider family="enterprise" colorScheme={theme} density="comfortable">
      <DashboardContextProvider
        preset={preset}
        initialDefinition={definition}
        initialMode="view"
        onTokenBindingChange={rememberTokens}
      >
        <DashboardCore
          width="100%"
          height="auto"
          dashboardCoreApiRef={(api) => { window.__dashboard = api; }}
          onValidationError={(error) => window.__errors.push(`validation: ${JSON.stringify(error)}`)}
        />
      </DashboardContextProvider>
    </SplunkThemeProvider>
  );
}

const definition = JSON.parse(document.getElementById('definition').textContent);
createRoot(document.getElementById('dashboard')).render(<View definition={definition} />);
