"""Addresses of people and of their API tokens."""

from django.urls import path

from appliance.people import views
from connector.api import pages as tokens

urlpatterns = [
    path("people/", views.listed, name="people"),
    path("people/invite/", views.invite, name="invite"),
    path("people/invitations/<uuid:pk>/withdraw/", views.withdraw, name="invitation-withdraw"),
    path("people/<int:pk>/", views.detail, name="person"),
    path("people/<int:pk>/role/", views.role, name="person-role"),
    path("people/<int:pk>/switch/", views.switch, name="person-switch"),
    path("people/<int:pk>/second-factor/", views.reset_second_factor, name="person-second-factor"),
    path("people/<int:pk>/sessions/", views.end_sessions, name="person-sessions"),
    path("invited/<str:token>/", views.invited, name="invited"),
    path("tokens/", tokens.listed, name="tokens"),
    path("tokens/new/", tokens.new, name="token-new"),
    path("tokens/<uuid:pk>/revoke/", tokens.revoke, name="token-revoke"),
]
