"""Grading: splice, run in the sandbox, judge against the answer key.

The processes, and the file that each one runs:

    grader            run/engine.py            reads submissions, writes the gradebook and autograded/
      └─ warm         processes/warm.py        has everything imported; knows nothing of the course
           ├─ starter     processes/starter.py     one for each worker: starts notebooks
           │    └─ watchdog   sandbox/watchdog.py      measures one notebook's sandbox, and kills it on order
           │         └─ notebook   processes/notebook.py    runs the student's cells, inside the sandbox
           └─ answer_key  processes/answer_key.py  one for each notebook: holds what the source expects; judges

Each has a twin in the grader that talks to it, in the frames of run/protocol.py:

    processes/warm.py        run/warm_client.py
    processes/starter.py     run/worker.py
    processes/notebook.py    run/follow.py       checks every frame: student code may have written it
    processes/answer_key.py  verdict/judge.py
"""
