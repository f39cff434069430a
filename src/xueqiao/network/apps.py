from django.apps import AppConfig


class NetworkConfig(AppConfig):
    name = "xueqiao.network"
    label = "network"
