# SPDX-License-Identifier: EUPL-1.2
# lt_embed(TARGET FILE SYMBOL): the bytes of a file inside a library, as
#   extern const unsigned char SYMBOL[]; extern const size_t SYMBOL_size;
# A target without sources yet is passed over.
function(lt_embed target file symbol)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "INTERFACE_LIBRARY")
        return()
    endif()
    set(out ${CMAKE_BINARY_DIR}/embed/${symbol}.c)
    set(script ${CMAKE_SOURCE_DIR}/ops/cmake/EmbedFile.cmake)
    add_custom_command(
        OUTPUT ${out}
        COMMAND ${CMAKE_COMMAND} -DIN=${CMAKE_SOURCE_DIR}/${file} -DOUT=${out} -DSYMBOL=${symbol}
                -P ${script}
        DEPENDS ${CMAKE_SOURCE_DIR}/${file} ${script})
    target_sources(${target} PRIVATE ${out})
endfunction()
