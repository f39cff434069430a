from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "xueqiao.exchange"
    label = "exchange"
