"""The encoding study: which picture, window, network and training data tell unseen people apart best.

    rows.py         what is compared: one row of data for each measurement
    people.py       who trains and who is measured; further people made from generators or by changing real ones
    pieces.py       which pieces of movement a training sees
    inputs.py       what a network sees of a piece: a picture, or the raw sequence
    networks.py     image, sequence and linear networks, trained on the same budget
    measurement.py  AUC and EER on the people held out, with intervals
    results.py      what has been measured: results.json
    tables.py       the tables of docs/study.md

It is no part of the installed app. ``python -m study --help`` says how to run it.
"""
