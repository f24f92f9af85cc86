"""The embedded search head: runs SPL pipelines and the app's commands where there is no Splunk.

searchhead/
├── table.py        search results: named columns of strings, lists are multivalue
├── conf_files.py   the app's .conf files, default/ below local/
├── spl/            the language: text → stages → results, on DuckDB
└── splunkd/        splunkd's side of the app: command processes, KV store, REST
"""
