"""The addresses of the pages."""

from django.urls import path

from classifier.views import (
    classify,
    comments,
    decisions,
    history,
    people,
    preferences,
    privacy,
    session,
    words,
)

urlpatterns = [
    path("", classify.classify, name="classify"),
    path("preview/", classify.preview, name="preview"),
    path("words/", words.text_words, name="text-words"),
    path("worker/", classify.worker, name="worker"),
    path("comments/", comments.comment_list, name="comments"),
    path("comments/<int:comment_id>/", comments.comment, name="comment-detail"),
    path("comments/<int:comment_id>/decide/", decisions.decide, name="comment-decide"),
    path("comments/<int:comment_id>/undo/", decisions.undo, name="comment-undo"),
    path("comments/<int:comment_id>/verdict/", comments.comment_card, name="comment-verdict"),
    path("comments/<int:comment_id>/words/", words.comment_words, name="comment-words"),
    path("preferences/blur/", preferences.blur, name="preferences-blur"),
    path("preferences/theme/", preferences.theme, name="preferences-theme"),
    path("history/", history.history, name="history"),
    path("history/export/", history.history_file, name="history-file"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/retention/", privacy.retention, name="privacy-retention"),
    path("privacy/purge/", privacy.purge, name="privacy-purge"),
    path("privacy/erase/", privacy.erase, name="privacy-erase"),
    path("privacy/export/", privacy.export, name="privacy-export"),
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
]
