"""Planted mistakes in what the daemon is told: by its command line, its config, the chart's values."""

from __future__ import annotations

from tests.checks.foreign.given import COMMAND, IMAGE, LIMITED, MOUNTS, config_map, daemon_set
from tests.checks.foreign.planting import Planted

SETTINGS = (
    Planted(
        "XF140",
        daemon_set(LIMITED).replace("- name: xray", "- →name: xray"),
        daemon_set(LIMITED + "          args: [-m, '24']\n"),
        "a memory limit without -m",
        case="no flag",
    ),
    Planted(
        "XF140",
        daemon_set(LIMITED + '          args: ["--buffer-memory", →"2"]\n'),
        daemon_set(LIMITED + '          args: ["--buffer-memory", "3"]\n'),
        "the buffer is 2 MB, expected 3 or more",
        case="too small",
    ),
    Planted(
        "XF140",
        daemon_set(LIMITED + "          args: [→-m=60]\n"),
        daemon_set(LIMITED + "          args: [-m=50]\n"),
        "a buffer of 60 MB beside the daemon's own 16 MiB, expected both within the limit of 64 MiB",
        case="no room",
    ),
    Planted(
        "XF140",
        config_map("Version: 2\nTotalBufferSizeMB: →0"),
        config_map("Version: 2\nTotalBufferSizeMB: 24"),
        "the buffer is 0 MB",
        beside=(daemon_set(COMMAND + "          resources: {limits: {memory: 64Mi}}\n", pod=MOUNTS),),
        case="config map",
    ),
    Planted(
        "XF140",
        config_map("→Version: 2\nNoVerifySSL: false"),
        config_map("Version: 2\nNoVerifySSL: false\nTotalBufferSizeMB: 24"),
        "TotalBufferSizeMB is missing",
        beside=(daemon_set(COMMAND, pod=MOUNTS),),
        case="config map without the key",
    ),
    Planted(
        "XF140",
        '{"containerDefinitions": [→{"name": "xray-daemon", "image": "amazon/aws-xray-daemon:3.6.6", "memory": 256}]}',
        '{"containerDefinitions": [{"name": "xray-daemon", "image": "amazon/aws-xray-daemon:3.6.6", "memory": 256, '
        '"command": ["-m", "24"]}]}',
        "a memory limit without -m",
        case="ECS task",
    ),
    Planted(
        "XF141",
        daemon_set(IMAGE + "          command: [→/xray, -o]\n"),
        daemon_set(IMAGE + "          command: [/xray, -o, -b, 0.0.0.0:2000, -t, 0.0.0.0:2000]\n"),
        "the command has no -b and no -t",
        case="command",
    ),
    Planted(
        "XF141",
        daemon_set(IMAGE + "          args: [-b, →127.0.0.1:2000]\n"),
        daemon_set(IMAGE + "          args: [-b, 0.0.0.0:2000]\n"),
        "the daemon binds '127.0.0.1:2000'",
        case="arguments",
    ),
    Planted(
        "XF141",
        config_map("Version: 2\nSocket:\n  UDPAddress: →127.0.0.1:2000\n  TCPAddress: 0.0.0.0:2000"),
        config_map("Version: 2\nSocket:\n  UDPAddress: 0.0.0.0:2000\n  TCPAddress: 0.0.0.0:2000"),
        "Socket.UDPAddress is '127.0.0.1:2000'",
        beside=(daemon_set(COMMAND, pod=MOUNTS),),
        case="config map",
    ),
    Planted(
        "XF142",
        daemon_set(IMAGE).replace("- name: xray", "- →name: xray"),
        daemon_set(IMAGE + "          env: [{name: AWS_REGION, value: eu-west-1}]\n"),
        "neither -n nor AWS_REGION",
        case="metadata out of reach",
    ),
    Planted(
        "XF142",
        daemon_set(IMAGE + "          args: [→-o]\n", pod="      hostNetwork: true\n"),
        daemon_set(IMAGE + "          args: [-o, -n, eu-west-1]\n"),
        "neither -n nor AWS_REGION",
        case="local mode",
    ),
    Planted(
        "XF142",
        daemon_set(COMMAND, pod=MOUNTS).replace("- name: xray", "- →name: xray"),
        daemon_set(COMMAND),
        "neither -n nor AWS_REGION",
        beside=(config_map("Version: 2\nTotalBufferSizeMB: 24"),),
        case="config map",
    ),
    Planted(
        "XF144",
        daemon_set(IMAGE + '          args: ["-l", →"INFO"]\n'),
        daemon_set(IMAGE + '          args: ["-l", "info"]\n'),
        "the log level is 'INFO'",
        mended=daemon_set(IMAGE + '          args: ["-l", "info"]\n'),
        case="arguments",
    ),
    Planted(
        "XF144", "xray:\n  loglevel: →pro\n", "xray:\n  loglevel: prod\n", "'pro'", mended="xray:\n  loglevel: prod\n", case="chart values"
    ),
    Planted(
        "XF144",
        config_map("Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: →'warning' # quiet"),
        config_map("Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: warn"),
        "'warning'",
        mended=config_map("Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: 'warn' # quiet"),
        case="config map",
    ),
    Planted("XF144", "xray: {loglevel: →loud}\n", "xray: {loglevel: error}\n", "'loud'", case="nothing near"),
    Planted(
        "XF150",
        config_map("→TotalBufferSizeMB: 24 # MB\nSocket: {UDPAddress: 0.0.0.0:2000}"),
        config_map("Version: 1\nTotalBufferSizeMB: 24"),
        "Version is missing",
        mended=config_map("Version: 2\nTotalBufferSizeMB: 24 # MB\nSocket: {UDPAddress: 0.0.0.0:2000}"),
        case="missing",
    ),
    Planted("XF150", "Version: →3\nTotalBufferSizeMB: 24\n", "Version: 2\nTotalBufferSizeMB: 24\n", "Version is '3'", case="unknown"),
    Planted(
        "XF151",
        "Version: 2\nTotalBufferSizeMB: 24\n→region: eu-west-1\n",
        "Version: 2\nTotalBufferSizeMB: 24\nRegion: eu-west-1\n",
        "the key 'region' is unknown, expected Region",
        mended="Version: 2\nTotalBufferSizeMB: 24\nRegion: eu-west-1\n",
        case="in another case",
    ),
    Planted(
        "XF151",
        "Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  →Level: info\n",
        "Version: 2\nTotalBufferSizeMB: 24\nLogging:\n  LogLevel: info\n",
        "the key 'Logging.Level' is unknown, expected LogLevel",
        case="in a section",
    ),
)

CHART = (
    Planted(
        "XF152",
        "serviceAccount:\n  annotations:\n    note: x\n    →name: xray\nxray: {region: eu-west-1}\n",
        "serviceAccount:\n  name: xray\n  annotations: {note: x}\nxray: {region: eu-west-1}\n",
        "makes an annotation, expected serviceAccount.name",
        case="name among the annotations",
    ),
    Planted(
        "XF152",
        "xray:\n  →logLevel: prod # quiet\n",
        "xray:\n  loglevel: prod # quiet\n",
        "the value 'xray.logLevel' is unknown, expected xray.loglevel",
        mended="xray:\n  loglevel: prod # quiet\n",
        case="in another case",
    ),
    Planted(
        "XF152",
        "xray: {region: eu-west-1}\n→regoin: eu-west-1\n→hostNetwork: false\nresources: {limits: {}}\n",
        "xray: {region: eu-west-1}\nglobal: {a: 1}\nresources: {limits: {}}\n",
        "is unknown, expected",
        case="at the top",
    ),
    Planted(
        "XF152",
        "aws-xray:\n  xray: {→regio: eu-west-1}\n",
        "aws-xray:\n  enabled: true\n  xray: {region: eu-west-1}\n",
        "the value 'xray.regio' is unknown, expected xray.region",
        case="of a parent chart",
    ),
)
