"""How jobs are read: what they are doing, their runs and phases, what they used, and how that compares.

- ``source``: the store as it is read; finds a job, a run or a step by its name, or says what there is
- ``parameters``: what the lists take
- ``describing``: what all answers have in common
- ``job_models``, ``run_models``, ``detail_models``, ``past_models``, ``application_models``: what is answered
- ``views``: jobs, runs and steps as answers
- ``pages``: lists as JSON or CSV
- ``jobs``: ``/jobs``, and everything in one small answer
- ``runs``: runs, whole or in short, and how far one is
- ``steps``: phases and sub-phases of a run
- ``details``: samples, errors, warnings and artifacts
- ``history``: a step in earlier runs, and where its figures go
- ``comparison``: two runs beside each other
- ``export``: a run as a whole
- ``applications``: what programs do inside
- ``feed``: the items of the WebSocket's topic ``jobs``
- ``router``: all of their routes
"""
