"""Naive Bayes."""

from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB

from features import counts, numbers, small_integers
from model import Model
from targets import three, three_codes, three_words, two

MODELS = [
    Model("gaussian_bayes_two", GaussianNB(), numbers, two),
    Model("gaussian_bayes_three", GaussianNB(), numbers, three_words),
    Model("multinomial_bayes_two", MultinomialNB(), counts, two),
    Model("multinomial_bayes_three", MultinomialNB(), counts, three),
    Model("bernoulli_bayes_two", BernoulliNB(), numbers, two),
    Model("bernoulli_bayes_three", BernoulliNB(binarize=0.5), numbers, three_codes),
    Model("complement_bayes", ComplementNB(), counts, three),
    Model("complement_bayes_two", ComplementNB(), counts, two),
    Model("categorical_bayes", CategoricalNB(min_categories=5), small_integers, three),
]
