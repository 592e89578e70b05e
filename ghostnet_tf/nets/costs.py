"""What the networks that are listed cost, counted from the built ones, deployed.

Building all of them takes half a minute, and nobody waits that long for a list: a test builds them
and compares (`tests/ghostnet_tf/nets/test_costs.py`).
"""

# fmt: off
COSTS = {  # name -> (trainable parameters, multiply-adds), at the size and classes of its authors
    "ghostnet_050":                    ( 2_587_292,    42_328_152),
    "ghostnet_100":                    ( 5_182_508,   141_150_512),
    "ghostnet_130":                    ( 7_358_820,   227_003_256),
    "ghostnetv2_100":                  ( 6_156_908,   167_048_288),
    "ghostnetv2_130":                  ( 8_960_404,   269_322_976),
    "ghostnetv2_160":                  (12_392_698,   398_607_224),
    "ghostnetv3_100":                  ( 6_147_588,   167_048_288),
    "repghostnet_050":                 ( 2_306_528,    43_314_720),
    "repghostnet_058":                 ( 2_537_736,    59_804_016),
    "repghostnet_080":                 ( 3_267_112,    95_518_948),
    "repghostnet_100":                 ( 4_058_772,   142_394_128),
    "repghostnet_111":                 ( 4_523_568,   170_124_224),
    "repghostnet_130":                 ( 5_459_316,   231_123_652),
    "repghostnet_150":                 ( 6_553_064,   301_315_856),
    "repghostnet_200":                 ( 9_766_460,   515_869_856),
    "mobilenetv3_large_100":           ( 5_483_032,   216_589_760),
    "mobilenetv3_large_100_delegable": ( 5_483_032,   216_589_760),
    "mobilenetv3_large_075":           ( 3_993_528,   154_560_624),
    "mobilenetv3_large_075_delegable": ( 3_993_528,   154_560_624),
    "mobilenetv3_small_100":           ( 2_542_856,    56_510_400),
    "mobilenetv3_small_100_delegable": ( 2_542_856,    56_510_400),
    "mobilenetv2_100":                 ( 3_504_872,   300_774_272),
    "ghost_resnet50":                  (13_953_512, 2_151_023_360),
    "ghost_resnet56":                  (   438_154,    65_286_784),
    "ghost_vgg16":                     ( 7_651_498,   158_109_696),
    "resnet50":                        (25_557_032, 4_089_184_256),
    "resnet56":                        (   853_018,   125_485_696),
    "vgg16":                           (14_987_722,   313_463_808),
    "ghost_kws_050":                   (     4_640,       488_384),
    "ghost_kws_100":                   (    13_344,     1_488_768),
    "ghost_kws_150":                   (    26_144,     3_001_152),
    "ds_cnn":                          (    23_776,     2_656_768),
    "bc_resnet_1":                     (     9_312,     2_408_440),
}
# fmt: on
