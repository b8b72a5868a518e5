"""Vectorizers of texts, and models behind them."""

from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from features import counts, texts
from model import Model
from targets import amount, three, three_words, two

# The usual pattern leaves out words of one letter.
WORD = {"token_pattern": "[a-zA-Z0-9_]+"}

MODELS = [
    Model("count_words", CountVectorizer(), texts),
    Model("count_words_pattern", CountVectorizer(**WORD), texts),
    Model("count_words_case", CountVectorizer(lowercase=False, **WORD), texts),
    Model("count_words_binary", CountVectorizer(binary=True, **WORD), texts),
    Model("count_words_stop", CountVectorizer(stop_words=["the", "a"], **WORD), texts),
    Model("count_words_vocabulary", CountVectorizer(max_features=8, min_df=5, **WORD), texts),
    Model("count_word_pairs", CountVectorizer(ngram_range=(1, 2), **WORD), texts),
    Model("count_pairs_alone", CountVectorizer(ngram_range=(2, 2), **WORD), texts),
    Model("count_characters", CountVectorizer(analyzer="char", ngram_range=(1, 2), max_features=40), texts),
    Model("tfidf_words", TfidfVectorizer(**WORD), texts),
    Model("tfidf_words_l1", TfidfVectorizer(norm="l1", **WORD), texts),
    Model("tfidf_words_no_norm", TfidfVectorizer(norm=None, **WORD), texts),
    Model("tfidf_words_no_weights", TfidfVectorizer(use_idf=False, **WORD), texts),
    Model("tfidf_word_pairs", TfidfVectorizer(ngram_range=(1, 2), max_features=60, **WORD), texts),
    Model("tfidf_characters", TfidfVectorizer(analyzer="char", max_features=30), texts),
    Model("tfidf_transformer", TfidfTransformer(), counts),
    Model("count_bayes", make_pipeline(CountVectorizer(**WORD), MultinomialNB()), texts, three),
    Model("tfidf_logistic", make_pipeline(TfidfVectorizer(**WORD), LogisticRegression()), texts, three_words),
    Model(
        "tfidf_sgd", make_pipeline(TfidfVectorizer(**WORD), SGDClassifier(loss="log_loss", random_state=0)), texts, two
    ),
    Model("tfidf_ridge", make_pipeline(TfidfVectorizer(ngram_range=(1, 2), **WORD), Ridge()), texts, amount),
    Model(
        "tfidf_svd_ridge",
        make_pipeline(TfidfVectorizer(**WORD), TruncatedSVD(5, random_state=0), Ridge()),
        texts,
        amount,
    ),
    Model(
        "tfidf_forest", make_pipeline(CountVectorizer(**WORD), RandomForestRegressor(8, random_state=0)), texts, amount
    ),
]
