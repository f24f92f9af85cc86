"""How well the shipped model tells people apart, from the raw files of the data sets through the app's own searches.

    raw files ─▶ | inputlookup | mouseencode | mouseenroll            templates in the KV store
              └▶ | inputlookup | mouseencode | mousescore ─▶ scores ─▶ | mouseevaluate ─▶ the table

recordings.py   which files are whose, in which role
audit.py        whom the model knows, what is in two sessions, what device cues alone reach
head.py         the embedded search head with a state of its own
pipelines.py    the searches, as SPL
evaluation.py   scores → AUC, EER, intervals, calibration, through mouseevaluate
sapimouse.py    protocol: enroll on three minutes, test on one, everybody an impostor of everybody else
balabit.py      protocol: one score for each labelled session against the account's owner
classification.py  the tasks of 2017: group against group, one user against others, image by image
deciders.py     what decides on an image in those tasks
measurement.py  the rows of the table, data set by data set
report.py       the table on the terminal and as JSON

docs/accuracy.md describes the protocols.
"""
