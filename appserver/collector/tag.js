// The plain script's own part: the tag's data-… attributes are the options, and the collector is the global MouseMatch.
const attributes = document.currentScript?.dataset;
window.MouseMatch ||= Object.assign(attributes?.endpoint ? collect({ ...attributes }) : {}, { collect });
