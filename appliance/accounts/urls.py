"""Addresses of people's pages."""

from django.urls import path

from appliance.accounts import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("set-up/<str:token>/", views.set_up, name="set-up"),
]
