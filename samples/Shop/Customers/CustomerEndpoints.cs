using System.Security.Claims;
using System.Text.RegularExpressions;
using ClusterSession;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Shop.Nodes;

namespace Shop.Customers;

/// <summary>
/// Logging in and out. This shop asks for no password: what it shows is what becomes of sessions.
/// </summary>
public static partial class CustomerEndpoints
{
    private const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;

    public static void MapCustomer(this IEndpointRouteBuilder app)
    {
        var customer = app.MapGroup("/api/customer");
        customer.MapGet("", Read);
        customer.MapPut("{name}", LogInAsync);
        customer.MapPost("second-factor", ConfirmAsync);
        customer.MapDelete("", LogOutAsync);
        customer.MapDelete("elsewhere", LogOutElsewhereAsync);
    }

    private static CustomerView Read(HttpContext context, NodeIdentity node) =>
        new(node.Name, context.User.Identity?.Name);

    private static async Task<IResult> LogInAsync(string name, HttpContext context, NodeIdentity node)
    {
        if (!CustomerName().IsMatch(name))
        {
            return Results.Problem("A customer's name is 1 to 40 letters, digits or dashes.", statusCode: 400);
        }

        Claim[] claims = [new(ClaimTypes.NameIdentifier, name), new(ClaimTypes.Name, name)];
        await context.SignInAsync(Scheme, new ClaimsPrincipal(new ClaimsIdentity(claims, Scheme)));
        return Results.Ok(new CustomerView(node.Name, name));
    }

    /// <summary>
    /// Who has proved more than before gets another session id: a thief of the old one has nothing.
    /// </summary>
    private static async Task<CustomerView> ConfirmAsync(HttpContext context, NodeIdentity node)
    {
        await context.GetClusterSession().RotateIdAsync(context.RequestAborted);
        return Read(context, node);
    }

    private static async Task<CustomerView> LogOutAsync(HttpContext context, NodeIdentity node)
    {
        await context.SignOutAsync(Scheme);
        await context.GetClusterSession().DestroyAsync(context.RequestAborted);
        return new CustomerView(node.Name, null);
    }

    private static async Task<IResult> LogOutElsewhereAsync(
        HttpContext context,
        ISessionManager sessions,
        NodeIdentity node
    )
    {
        if (context.User.FindFirstValue(ClaimTypes.NameIdentifier) is not { } customer)
        {
            return Results.Problem("Nobody is logged in here.", statusCode: 401);
        }

        await sessions.EndAllAsync(customer, exceptCurrent: context);
        return Results.Ok(Read(context, node));
    }

    [GeneratedRegex("^[A-Za-z0-9-]{1,40}$")]
    private static partial Regex CustomerName();
}
