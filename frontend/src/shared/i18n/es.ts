/** The catalogue that defines the keys; `{name}` is replaced. Units and numbers come from the formatter. */
export const es = {
  'language.name': 'Español',
  'language.switch': 'Cambiar a español',
  'theme.toDark': 'Usar colores oscuros',
  'theme.toLight': 'Usar colores claros',

  'page.content': 'Tablero',

  'conn.live': 'En vivo',
  'conn.stale': 'Sin filas nuevas',
  'conn.waiting': 'Sin filas todavía',
  'conn.away': 'La base de datos no responde',
  'conn.connecting': 'Conectando…',
  'conn.lost': 'Sin conexión, reintentando…',
  'conn.age': 'última fila hace {age}',

  'host.label': 'VM',
  'host.unnamed': '(sin nombre)',

  'cpu.title': 'CPU',
  'ram.title': 'RAM',
  'usage.inUse': 'En uso',
  'usage.free': 'Libre',
  'usage.total': 'Total',
  'usage.donut': '{title}: {used} en uso, {free} libre',

  'chart.axis': 'hora de la VM (UTC)',
  'chart.noData': 'sin datos',
  'chart.summary':
    '{title} en uso, de {from} a {to} UTC: último {now}, mínimo {min}, máximo {max}, {gaps} tramos sin datos',

  'processes.title': 'Procesos',
  'processes.total': '{count} en total',
  'processes.state': 'Estado',
  'processes.now': 'Ahora',
  'processes.last': 'Último',
  'processes.share': 'Proporción',
  'processes.meaning': 'Qué significa',
  'processes.window': 'Ventana de {minutes} min',
  'processes.peak': 'Máximo',
  'processes.never': 'ninguno',
  'processes.lane': '{state}: máximo {peak} en la ventana',
  'processes.running': 'Corriendo',
  'processes.sleeping': 'Durmiendo',
  'processes.zombie': 'Zombie',
  'processes.stopped': 'Parados',
  'processes.running.meaning': 'en CPU o listos para ella',
  'processes.sleeping.meaning': 'esperan un evento o E/S',
  'processes.zombie.meaning': 'terminaron y nadie los recoge',
  'processes.stopped.meaning': 'detenidos por una señal',

  'counters.label': 'Datos de la VM elegida',
  'counters.rows': 'filas recibidas por esta página',
  'counters.distinct': 'muestras distintas',
  'counters.points': 'puntos en los gráficos',
  'counters.source': 'fuente',
  'counters.kernel': 'módulos del kernel',
  'counters.procfs': 'procfs',

  'waiting.connecting.title': 'Conectando con el servicio de datos',
  'waiting.connecting.text': 'Tarda un momento la primera vez.',
  'waiting.lost.title': 'El servicio de datos no responde',
  'waiting.lost.text':
    'La página vuelve a intentarlo sola. Si el servicio de socket no está en marcha, su registro dice la causa.',
  'waiting.away.title': 'La base de datos no responde',
  'waiting.away.text':
    'Hay conexión con el servicio de socket, pero este no alcanza la base. Su registro dice la causa.',
  'waiting.log': 'Si se inició con make demo, ese registro es:',
  'waiting.rows.title': 'Esperando la primera fila…',
  'waiting.rows.text':
    'Hay conexión y la base está vacía. En la fase 1 Pulso solo graba la VM; las filas llegan en la fase 2, cuando se reproduce la grabación.',
  'waiting.rows.demo': 'Si no hay una demo en marcha, esta orden ejecuta las dos fases en esta máquina:',

  'error.title': 'La página tuvo un error',
  'error.text':
    'Los datos están a salvo en la base. Vuelva a cargar la página; el detalle está en la consola.',
};

export type Key = keyof typeof es;
export type Catalogue = Readonly<Record<Key, string>>;
