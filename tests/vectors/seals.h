/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef TESTS_VECTORS_SEALS_H
#define TESTS_VECTORS_SEALS_H

/*
 * Seals that another implementation made (tests/interop/ltp_seal.py), once: signatures are not made
 * again with the vectors, because those of ECDSA would change each time. The parcels of a seal of n
 * are: header "header-NN", body "body-NN" written NN % 3 times, NN from 00 on.
 */
struct sample_sealed {
    const char *name;
    unsigned count;
    const char *spki;
    const char *signature;
};

static const struct sample_sealed sample_seals[] = {
    {"ecdsa-p256", 5,
     "3059301306072a8648ce3d020106082a8648ce3d0301070342000464cd0c0841628acfe1fbd455d9"
     "0700bd3dd0d6f44777c32bd6425a54f39f3792a16c5a5b5fd078eb93baa2966c3d83ff80343d536f"
     "0eb2a576a48c5f070dd0a1",
     "304602210097e682f4a602937c2d23b8fa3b7a775c90a21a1936d993c277d02f13f1050f41022100"
     "c2754a39297926efaad5edeb0d78ff45c5383d214145e354df5c6a9f52ebf35e"},
    {"ed25519", 64,
     "302a300506032b6570032100fd6bcb6ef13b6f25f682497fb9d56497b777be9c2b867466894c8c82"
     "e38cea8c",
     "6609f073f7356bb3d6fe829fa1960a97b027ea60d683e024503c731d7633f630e182b5334c703fed"
     "129f2f6721fbc6e29c79a4f7850342bc1cdb2e545577e300"},
    {"rsa-2048", 1,
     "30820122300d06092a864886f70d01010105000382010f003082010a0282010100987c6c04879014"
     "81965d51b3e716ce2f3c1b469df0a8f7c4f99dee617891c3da0dd0eb2d3864311576eb15d54711b4"
     "124d0c87b8f56658ea6cfec1300b0c9de0dff7421dc3a8a45a7d8c64e07916cdd5af900b7c7bfaff"
     "cbc1cfe65115eb5d884e12ef83c8e247a51532de5a1d17e7f2ed5505a677397a52754616f6c4de83"
     "8b1c6649674a070d1d0ac61608ebd6bad7b7b8f3fe4dc3951797a1c0f6c99e6fb5eb7c7391e1ef13"
     "dfdc8f8ebca1ee97e874050c6e31fb4904451ffb01aacf875b61cad77a9df7bf88cd57e30e649a3c"
     "b304615e84a7075ed79663bb418ad0b2a9b57fa14931c9cb1cb283fd1dd2a43cff82b1856a5a9933"
     "48148313df56f0a1490203010001",
     "831c35cbf2aa702ed54c6f74e9dd59f6a0f1874f8b507ed81afb1cf85e3c0dcc9025ad95ea199fdb"
     "6ec69315960f60b9d47983761ede3085396c0217aae8a145e551f14875e845e3208e9a5006e77a59"
     "3e151efeac3c5d4a64477aad36ff02c5da6df227c249fa0a5e0ff33b1e876727e5fd65c17385a131"
     "3bad4d45e4191114ab92fdcafa9f4c87617e4932ef577401cbeb651a967a7a97f8462493bb702fcf"
     "9e79aea7f6230da170f25eb4980d242e95ea05103cd5725fdf68f5f9db23312873fd91aaa28c461d"
     "71424f351c8a7bf76fbd8511218162201e4607ba5578aef611abdeb7b447ab042f00fe23ec80245c"
     "52122105eec289b8224c94f30866012b"},
};

#endif
