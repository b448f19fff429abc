"""What outlives the process: end offset histories in files, written as they grow and read at the next start.

A cluster has one *image* (all histories at one cycle, written now and then) and *journals* (each cycle's ends since).

- ``directory``: the folder of all of them, held by one exporter at a time.
- ``files``: one cluster's files by name.
- ``frames``: checksummed blocks, of which every file consists.
- ``image``, ``journal``: what is in the blocks of either.
- ``restoring``: files to histories, or the reason why they cannot be used.
- ``saver``: histories to files, on a thread of its own.
- ``history_store``: one cluster's saving and restoring, as the rest of the program sees it.
"""
