"""The telemetry formats: events of a search → records of points, per session. docs/telemetry.md shows each format.

    names     which fields hold session, user, time, x, y …, as the options of the command say
    cells     a column of CSV that stays bytes until its text is asked for
    table     bytes of CSV, taken apart into cells
    records   points in 18 bytes each, as they are kept and as they travel from the indexers
    kinds     what the words and numbers for event types and buttons mean
    dropped   what could not be read, counted by reason
    rows      one point a row, in fields: whole columns at once
    batch     the project's own JSON: many points an event
    collected the same as the browser collector writes it: many events at once, without json
    rrweb     the events of session-replay recorders
    events    one JSON event of any format: detected, and handed to batch, rrweb or rows
    reader    a block of rows of any mixture → sessions
"""
