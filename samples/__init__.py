"""Synthetic people, the sample telemetry made of them, and the demo that enrolls and scores them.

    people.py     who they are: motor habits, different from person to person, drifting from day to day
    movement.py   how a hand moves: sums of lognormal sub-movements, corrections, curvature
    hand.py       a hand with a mouse: reaches, clicks, drags, scrolls and rests along one time line
    tasks.py      what they do: menus, forms, links, reading, drags
    devices.py    what the browser reports of it: report rate, frames, clock, pixels
    sessions.py   all of it together: ``session(person, seconds=60, seed=1)`` gives points
    dataset.py    the sample telemetry in lookups/
    demo.py       enrolls the sample's users, scores the held-out sessions, writes the report
    report/       the HTML report
    bots/         synthetic mice of programs: a red team for match_bot

Everything is a function of its seed. None of it is installed with the app.
"""
