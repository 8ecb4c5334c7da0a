"""What makes a service, once for all of them: a service says what is its own, and `assemble` puts the rest around it.

    settings.py   the settings that every service has, and those that only some have
    storage.py    the base of its transactions and of its storage
    jobs.py       the timed work that every service has
    app.py        `Service`, what a service says of itself, and `assemble`, which makes a process of it
    databases.py  the engine, migrating, and digests for rows that have none
    process.py    `main`: serve | migrate | check | check-sealed | digest | replay

The events that a service publishes and consumes have folders beside this one, `kit.outbox` and `kit.inbox`.
"""
