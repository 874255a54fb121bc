import type { Catalogue } from './es';

export const en: Catalogue = {
  'language.name': 'English',
  'language.switch': 'Switch to English',
  'theme.toDark': 'Use dark colours',
  'theme.toLight': 'Use light colours',

  'page.content': 'Dashboard',

  'conn.live': 'Live',
  'conn.stale': 'No new rows',
  'conn.waiting': 'No rows yet',
  'conn.away': 'The database does not answer',
  'conn.connecting': 'Connecting…',
  'conn.lost': 'No connection, trying again…',
  'conn.age': 'newest row {age} ago',

  'host.label': 'VM',
  'host.unnamed': '(no name)',

  'cpu.title': 'CPU',
  'ram.title': 'RAM',
  'usage.inUse': 'In use',
  'usage.free': 'Free',
  'usage.total': 'Total',
  'usage.donut': '{title}: {used} in use, {free} free',

  'chart.axis': "the VM's time (UTC)",
  'chart.noData': 'no data',
  'chart.summary':
    '{title} in use, {from} to {to} UTC: last {now}, lowest {min}, highest {max}, {gaps} stretches without data',

  'processes.title': 'Processes',
  'processes.total': '{count} in total',
  'processes.state': 'State',
  'processes.now': 'Now',
  'processes.last': 'Last',
  'processes.share': 'Share',
  'processes.meaning': 'What it means',
  'processes.window': 'Window of {minutes} min',
  'processes.peak': 'Highest',
  'processes.never': 'none',
  'processes.lane': '{state}: highest {peak} in the window',
  'processes.running': 'Running',
  'processes.sleeping': 'Sleeping',
  'processes.zombie': 'Zombie',
  'processes.stopped': 'Stopped',
  'processes.running.meaning': 'on a CPU or ready for one',
  'processes.sleeping.meaning': 'wait for an event or I/O',
  'processes.zombie.meaning': 'ended, and nobody collects them',
  'processes.stopped.meaning': 'halted by a signal',

  'counters.label': 'Data of the chosen VM',
  'counters.rows': 'rows received by this page',
  'counters.distinct': 'distinct samples',
  'counters.points': 'points in the charts',
  'counters.source': 'source',
  'counters.kernel': 'kernel modules',
  'counters.procfs': 'procfs',

  'waiting.connecting.title': 'Connecting to the data service',
  'waiting.connecting.text': 'The first time takes a moment.',
  'waiting.lost.title': 'The data service does not answer',
  'waiting.lost.text':
    'The page keeps trying by itself. If the socket service is not running, its log says why.',
  'waiting.away.title': 'The database does not answer',
  'waiting.away.text': 'The socket service is reached, but it cannot reach the database. Its log says why.',
  'waiting.log': 'If it was started with make demo, that log is:',
  'waiting.rows.title': 'Waiting for the first row…',
  'waiting.rows.text':
    'Connected, and the database is empty. In phase 1 Pulso only records the VM; rows come in phase 2, when the recording is replayed.',
  'waiting.rows.demo': 'If no demo is running, this command runs both phases on this machine:',

  'error.title': 'The page failed',
  'error.text': 'The data is safe in the database. Reload the page; the console has the details.',
};
