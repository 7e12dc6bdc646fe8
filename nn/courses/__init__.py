"""For notebooks of other courses: their modules where names or meanings differ from those of `nn`.

    cs231n_classifiers       CS231n since 2017: nearest neighbours, linear classifiers, the classic two-layer net
    cs231n_classifiers_2016  the same for 2016
    cs231n_fc_net_2017       CS231n up to 2017: fully connected nets, where dropout is the probability to drop a value
    cs231n_fc_net_2018       CS231n of 2018 and 2019: fully connected nets, where dropout is the probability to keep it
    c147                     UCLA's C147 and C247: all of nndl but its neural_net
    c147_layer_tests         what the notebook on optimisation calls first
    cs145                    UCLA's CS145: nearest neighbours and the two-layer net

Everything is computed by the modules of `nn`; here are only the courses' conventions.
"""
