"""A flow by factory, for the test of interoperation; python-factory.test.ts has the same.

    shop.py begin URL MODE   begins a run: MODE is suspend, or kill, which kills this process in its second task
    shop.py resume URL       goes on with all suspended runs, prints what became of them
"""
import os
import sys

from taskflow import engines, states, task
from taskflow.patterns import linear_flow
from taskflow.persistence import backends


class Reserve(task.Task):
    default_provides = 'reservation'

    def execute(self, size):
        return {'id': 'python', 'size': size}


class Allocate(task.Task):
    default_provides = 'path'

    def execute(self, pool, reservation):
        if sys.argv[3:] == ['kill']:
            os.kill(os.getpid(), 9)
        return '%s/%s' % (pool, reservation['id'])


def create_volume(pool):
    return linear_flow.Flow('create-volume').add(
        Reserve('reserve'), Allocate('allocate', inject={'pool': pool}))


def main(command, url):
    import shop  # the factory must be found by its name, and that of a script is __main__

    backend = backends.fetch({'connection': url})
    connection = backend.get_connection()
    if command == 'begin':
        connection.upgrade()
        engine = engines.load_from_factory(
            shop.create_volume, factory_args=['/pool'], store={'size': 10}, backend=backend)
        engine.atom_notifier.register(
            states.SUCCESS,
            lambda *_, **__: engine.suspend() if sys.argv[3:] == ['suspend'] else None)
        engine.run()
        return
    for book in connection.get_logbooks():
        for detail in book:
            if detail.state == states.SUSPENDED:
                engine = engines.load_from_detail(detail, backend=backend)
                engine.run()
                print(engine.storage.get_flow_state(), engine.storage.fetch('path'))


if __name__ == '__main__':
    main(*sys.argv[1:3])
