from django.apps import AppConfig


class RelayConfig(AppConfig):
    name = "xueqiao.relay"
    label = "relay"
