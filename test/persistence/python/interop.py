"""Flows that the test of interoperation runs with Python TaskFlow; python-interop.test.ts has the same.

    interop.py write URL        runs the flows and prints what is in the book
    interop.py read URL BOOK    prints what is in a book
    interop.py resume URL BOOK  goes on with the suspended flows of a book, prints what is in it then
    interop.py remove URL BOOK  removes a book, prints what was in it
"""
import json
import os
import sys

from taskflow import engines, exceptions, retry, states, task
from taskflow.patterns import linear_flow
from taskflow.persistence import backends, models
from taskflow.persistence.backends import sqlalchemy

GIVEN = {'text': 'ü "1" \\ \u2603', 'list': [1, 2.5, None, True]}


class Reserve(task.Task):
    default_provides = 'quota'

    def execute(self, given):
        return {'id': 7, 'given': given}

    def revert(self, *args, **kwargs):
        return 'undone'


class Pair(task.Task):
    default_provides = ('left', 'right')

    def execute(self, quota):
        return [quota['id'], None]


class Boom(task.Task):
    def execute(self):
        try:
            raise KeyError('why')
        except KeyError as cause:
            raise ValueError('boom', 7) from cause


class Fragile(task.Task):
    def execute(self):
        return 'fragile'

    def revert(self, *args, **kwargs):
        raise RuntimeError('bang')


class Flaky(task.Task):
    default_provides = 'second'

    def __init__(self, good_attempt):
        super().__init__('flaky')
        self.good_attempt = good_attempt

    def execute(self, attempt):
        if attempt < self.good_attempt:
            raise ValueError('attempt %d' % attempt)
        return attempt


class Gather(task.Task):
    default_provides = 'all'

    def execute(self, quota, second, given):
        return [quota['id'], second, given]


def linear(name, *tasks, again=None):
    return linear_flow.Flow(name, again).add(*tasks)


def times(attempts):
    return retry.Times(attempts, 'again', provides='attempt')


FLOWS = {
    'succeeded': lambda: linear('succeeded', Reserve('reserve'), Pair('pair')),
    'reverted': lambda: linear('reverted', Reserve('reserve'), Boom('boom')),
    'stuck': lambda: linear('stuck', Reserve('reserve'), Fragile('fragile'), Boom('boom')),
    'retried': lambda: linear('retried', Flaky(3), again=times(3)),
    'given up': lambda: linear('given up', Reserve('reserve'), Flaky(3), again=times(2)),
    'suspended': lambda: linear('suspended', Reserve('reserve'), Flaky(2), Gather('gather'),
                                again=times(3)),
    'undoing': lambda: linear('undoing', Reserve('first', provides='first'), Reserve('reserve'),
                              Boom('boom')),
}
SUSPENDED = {'suspended': ('flaky', states.SUCCESS), 'undoing': ('reserve', states.REVERTED)}


def run(engine):
    try:
        engine.run()
    except (exceptions.WrappedFailure, ValueError, RuntimeError):
        pass  # what became of it stands in the record


def write(connection, backend):
    book = models.LogBook('python')
    book.meta = {'by': 'python', 'n': [1, None]}
    connection.save_logbook(book)
    for name, make in FLOWS.items():
        engine = engines.load(make(), store={'given': GIVEN}, book=book, backend=backend)
        if name in SUSPENDED:
            atom, state = SUSPENDED[name]

            def suspend(_, details, atom=atom, engine=engine):
                if details.get('task_name') == atom:
                    engine.suspend()

            engine.atom_notifier.register(state, suspend)
        run(engine)
    return book.uuid


def resume(connection, backend, uuid):
    book = connection.get_logbook(uuid)
    for detail in book:
        if detail.state == states.SUSPENDED:
            run(engines.load(FLOWS[detail.name](), flow_detail=detail, book=book, backend=backend))


def contents(connection, uuid):
    book = connection.get_logbook(uuid)
    flows = {
        detail.name: {
            'uuid': detail.uuid,
            'state': detail.state,
            'meta': detail.meta,
            'atoms': {
                atom.name: dict(atom.to_dict(), type=models.atom_detail_type(atom))
                for atom in detail
            },
        }
        for detail in book
    }
    return {'uuid': book.uuid, 'name': book.name, 'meta': book.meta,
            'created_at': book.created_at.isoformat(), 'flows': flows}


def open_backend(url):
    backend = backends.fetch({'connection': url})
    connection = backend.get_connection()
    # Debian's package comes without the migrations, so the test makes the tables there.
    if url.startswith(('sqlite', 'dir')) or os.path.exists(os.path.join(sqlalchemy.__path__[0], 'alembic')):
        connection.upgrade()
    return backend, connection


def main(command, url, uuid=None):
    backend, connection = open_backend(url)
    if command == 'write':
        uuid = write(connection, backend)
    elif command == 'resume':
        resume(connection, backend, uuid)
    print(json.dumps(contents(connection, uuid)))
    if command == 'remove':
        connection.destroy_logbook(uuid)
    connection.close()
    backend.close()


main(*sys.argv[1:])
