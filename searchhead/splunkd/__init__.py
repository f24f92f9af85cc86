"""splunkd's side of the app, played faithfully: it runs the app's commands and answers their REST calls.

splunkd/
├── head.py            the search head: one app, one state folder, any number of users and searches
├── search.py          one search: who, when, with which rights;  user_indexes.py
├── dispatch.py        its folder, its messages, its search.log
├── commands.py        the custom commands of a search: parse launches, then the run by type
│   ├── installed.py       stanzas of commands.conf
│   ├── command_line.py    raw arguments, as splunkd splits them
│   ├── searchinfo.py      what getinfo tells a command about its search
│   ├── environment.py     interpreter, environment variables and working folder of a command
│   ├── process.py         one command process: requests and replies, deadlines, its end
│   │   ├── protocol.py        frames of the chunked protocol
│   │   └── csv_rows.py        rows of a table as splunkd's CSV, and back
│   ├── chunking.py        how many rows go into each chunk
│   ├── streaming.py       streaming and stateful commands; merging by _chunked_idx
│   ├── transforming.py    events and reporting commands; previews
│   ├── generating.py      commands that begin a search
│   └── mapreduce.py       simulated indexers in front of a reporting command
└── server.py          the REST side on a loopback port;  routes.py  all endpoints
    ├── rest.py            routing, session keys, error bodies;  listing.py  search, sort, count of lists
    ├── atom.py            entities as Atom XML and as JSON
    ├── kvstore.py         collections on SQLite;  kvstore_query.py  kvstore_rest.py  kvstore_lookup.py
    ├── conf_store.py      .conf stanzas with the overlay that REST writes;  conf_rest.py
    ├── data_rest.py       indexes, lookup files;  receiver_rest.py  one event;  ui_rest.py  views, navigation, time ranges
    ├── users_rest.py      login, users, roles;  system_rest.py  server info, apps
    └── rest_table.py      entities as search results, for the rest command
"""
