"""The search head's web side: pages, dashboards, REST by cookie, HEC, all on one loopback port."""
