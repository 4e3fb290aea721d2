using ClusterSession.Principals;
using Xunit;

namespace ClusterSession.Tests.Principals;

public sealed class PrincipalKeyTests
{
    [Fact]
    public void Names_that_differ_only_in_surrogates_without_their_other_half_have_different_keys()
    {
        string[] names = ["a\uD800", "a\uDC00", "a\uFFFD", "a\uD800\uDC00", "a"];
        Assert.Equal(names.Length, names.Select(PrincipalKey.Of).Distinct().Count());
        Assert.All(names, name => Assert.Equal(PrincipalKey.Of(name), PrincipalKey.Of(name)));
    }
}
