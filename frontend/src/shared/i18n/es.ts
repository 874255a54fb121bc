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
  'conn.refused': 'Sin permiso',
  'conn.age': 'última fila hace {age}',

  'host.label': 'VM',
  'host.unnamed': '(sin nombre)',

  'cpu.title': 'CPU',
  'ram.title': 'RAM',
  'usage.inUse': 'En uso',
  'usage.free': 'Libre',
  'usage.total': 'Total',
  'usage.average': 'promedio',
  'usage.highest': 'Máximo',
  'usage.lowest': 'Mínimo',
  'usage.donut': '{title}: {used} en uso, {free} libre',

  'chart.hora': 'hora de la VM (UTC)',
  'chart.recibido': 'hora de llegada (UTC)',
  'chart.inUse': '{title} en uso',
  'chart.empty': 'Sin muestras en este tiempo.',
  'chart.nowhere': 'ningún punto elegido',
  'chart.keys':
    'Las flechas mueven el cursor, con Ctrl de diez en diez; con Mayús seleccionan, Entrar amplía y Escape vuelve.',
  'chart.keysStill': 'Las flechas mueven el cursor, con Ctrl de diez en diez.',
  'chart.savePicture': 'Guardar como imagen PNG: {title}',
  'chart.noData': 'sin datos',
  'chart.summary':
    '{title} en uso, de {from} a {to} UTC: promedio {average}, mínimo {min}, máximo {max}, tramos sin datos: {gaps}.',

  'processes.title': 'Procesos',
  'processes.total': '{count} en total',
  'processes.state': 'Estado',
  'processes.now': 'Ahora',
  'processes.last': 'Último',
  'processes.average': 'Promedio',
  'processes.share': 'Proporción',
  'processes.meaning': 'Qué significa',
  'processes.overTime': 'Procesos en el tiempo',
  'processes.peak': 'Máximo',
  'processes.never': 'ninguno',
  'processes.lastSeen': 'visto {when}',
  'processes.lane': '{state}: máximo {peak}',
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
  'counters.repeated': 'repetidas',
  'counters.shown': 'muestras en los gráficos',
  'counters.missedLabel': 'Aviso',
  'counters.missed':
    'Esta página estuvo ausente mucho tiempo: pasaron filas que no recibió. Están en la base; los rangos y el CSV las incluyen.',
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

  'range.label': 'Tiempo mostrado',
  'range.live': 'En vivo',
  'range.1h': '1 h',
  'range.24h': '24 h',
  'range.custom': 'Rango…',
  'range.customTitle': 'Rango',
  'range.from': 'Desde',
  'range.to': 'Hasta',
  'range.utc': 'Hora de la VM, en UTC.',
  'range.wrong': 'El final debe ser posterior al comienzo, y no más de diez años.',
  'range.apply': 'Mostrar',
  'range.cancel': 'Cancelar',
  'range.back': 'Volver',
  'range.backHint': 'Al tiempo anterior (doble clic en un gráfico)',
  'range.pause': 'Pausa',
  'range.go': 'Continuar',
  'range.paused': 'En pausa a las {time} de la VM: las filas siguen llegando y se cuentan.',
  'range.loading': 'Cargando la historia…',
  'range.failed': 'No se pudo cargar la historia: {reason}',
  'range.retry': 'Reintentar',
  'range.empty': 'Sin muestras de {host} entre {from} y {to}.',

  'export.hint': 'Guardar las filas de este tiempo como CSV',
  'export.failed': 'El CSV no se pudo guardar: {reason}',

  'access.title': 'Este tablero pide un token',
  'access.text': 'Lo tiene quien instaló Pulso. Se guarda solo mientras esta pestaña esté abierta.',
  'access.wrong': 'El servicio no aceptó ese token.',
  'access.token': 'Token',
  'access.enter': 'Entrar',

  'server.outdated': 'Hay una versión más nueva de esta página.',
  'server.signedOut': 'La sesión terminó: vuelva a cargar la página para iniciarla de nuevo.',
  'server.reload': 'Volver a cargar',

  'waiting.host.title': 'Sin filas de {host}',
  'waiting.host.text':
    'Esta VM no está entre las que envían. Elija otra arriba, o un rango en el que haya enviado.',

  'error.title': 'La página tuvo un error',
  'error.text':
    'Los datos están a salvo en la base. Vuelva a cargar la página; el detalle está en la consola.',
};

export type Key = keyof typeof es;
export type Catalogue = Readonly<Record<Key, string>>;
