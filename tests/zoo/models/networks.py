"""Multi-layer perceptrons."""

from sklearn.neural_network import MLPClassifier, MLPRegressor

from answers import absent_and_present
from features import numbers
from model import Model
from targets import amount, amounts, three, three_words, two, two_flags

SMALL = {"hidden_layer_sizes": (8, 5), "max_iter": 40, "random_state": 0}

MODELS = [
    *(
        Model(f"network_{activation}", MLPRegressor(activation=activation, **SMALL), numbers, amount)
        for activation in ("identity", "logistic", "tanh", "relu")
    ),
    Model("network_multi_output", MLPRegressor(**SMALL), numbers, amounts),
    Model("network_two", MLPClassifier(**SMALL), numbers, two),
    Model("network_three", MLPClassifier(activation="tanh", **SMALL), numbers, three),
    Model("network_three_words", MLPClassifier(**SMALL), numbers, three_words),
    Model("network_three_words_zipmap", MLPClassifier(**SMALL), numbers, three_words, options={"zipmap": True}),
    Model("network_flags", MLPClassifier(**SMALL), numbers, two_flags, ["predict", absent_and_present]),
]
